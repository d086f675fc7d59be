"""Spanish."""

from bot.rules.phrases.words import Words, one_other

WORDS = Words(
    greetings=("Aquí tienes.", "Listo.", "Hecho.", "Con gusto.", "Ya está.", "Claro que sí."),
    threads=(
        "El hilo de {name} en una sola página: {posts}, {minutes} de lectura.",
        "{posts} de {name} en una sola página, {minutes} de lectura.",
        "El hilo completo de {name}, de un tirón ({posts}, {minutes} de lectura).",
        "Lo que escribió {name}, todo junto: {posts}, {minutes} para leer.",
        "Un hilo de {name}, de principio a fin: {posts}, {minutes} para leer.",
    ),
    closings=("", "Buena lectura:", "Que lo disfrutes:", "Para leer con calma:"),
    posts=one_other("{} publicación", "{} publicaciones"),
    minutes=one_other("{} minuto", "{} minutos"),
    sorry=("Lo siento.", "Esta vez no puedo.", "Perdona.", "Me temo que no."),
    refusals={
        "protected": (
            "Las publicaciones de esta cuenta están protegidas y solo las ven sus seguidores.",
            "Esta cuenta es privada, y lo privado se queda entre sus seguidores.",
            "No puedo ver publicaciones protegidas. Si la cuenta pasa a ser pública, pídemelo otra vez.",
        ),
        "not-a-thread": (
            "Es una sola publicación y su autor no la continuó.",
            "Aquí veo una publicación suelta, no un hilo. Mencióname debajo de un hilo y te lo preparo.",
            "No hay nada que desplegar, porque después de esta publicación el hilo no sigue.",
        ),
        "author-opted-out": (
            "Quien escribió el hilo me ha pedido que no lo despliegue, y lo respeto.",
            "Quien escribió esto prefiere que sus hilos se lean solo en X.",
            "Los hilos de esta cuenta no se despliegan, por deseo propio.",
        ),
    },
    done=("Muy bien.", "Entendido.", "De acuerdo.", "Anotado.", "Por supuesto."),
    confirmations={
        "stop": (
            'No volveré a responderte. Si cambias de idea, mencióname con "start".',
            'A partir de ahora guardo silencio contigo. Con "start" vuelvo.',
            'Ya no recibirás respuestas mías. Si las echas de menos, escribe "start" y mencióname.',
        ),
        "start": (
            "Vuelvo a responderte. Llámame debajo de cualquier hilo.",
            "Aquí estoy otra vez. Mencióname debajo de un hilo y te lo preparo.",
            "Desde ahora recibirás mis respuestas de nuevo.",
        ),
        "opt-out": (
            'Ya no desplegaré tus hilos, y sus páginas se borran. "opt in" lo deshace.',
            'Desde ahora tus hilos son solo tuyos, y retiro las páginas que tenía. Con "opt in" vuelvo.',
            'Nadie recibirá ya tus hilos de mí, y mis páginas desaparecen. Para volver, escribe "opt in".',
        ),
        "opt-in": (
            "Tus hilos se pueden desplegar otra vez cuando alguien lo pida.",
            "Qué bien que vuelvas. Desde ahora despliego de nuevo tus hilos.",
            "A partir de ahora vuelvo a hacer páginas de tus hilos, si alguien las pide.",
        ),
        "delete": (
            "La página de este hilo ya no existe.",
            "He borrado la página de este hilo.",
            "Este hilo ya no tiene página aquí.",
        ),
        "unlist": (
            "La página sigue para quien tenga el enlace, y no aparece en ninguna lista.",
            "He quitado la página de todas las listas. El enlace sigue funcionando.",
            "Ya no muestro este hilo en listas ni en buscadores. El enlace todavía lo abre.",
        ),
        "refresh": (
            "La página vuelve a estar al día.",
            "He leído el hilo otra vez, y la página tiene lo nuevo.",
            "Lo nuevo y lo editado ya está en la página.",
        ),
    },
    hello=("Hola.", "Con gusto te lo explico.", "Así funciona."),
    help=(
        (
            'Responde "{bot} unroll" debajo de un hilo y lo tendrás en una página. También entiendo: '
            "refresh, stop, start. Para autores: opt out, opt in, delete, unlist."
        ),
        (
            'Con "{bot} unroll" debajo de un hilo lo recibes entero en una página. Otras palabras: refresh, '
            "stop, start y, para quien lo escribió, delete, unlist, opt out, opt in."
        ),
        (
            "Mencióname debajo de un hilo con una palabra. Para todos: unroll, refresh, stop, start. Para "
            'quien lo escribió: delete, unlist, opt out, opt in. Por ejemplo, "{bot} unroll".'
        ),
    ),
)
