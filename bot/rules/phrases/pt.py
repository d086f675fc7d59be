"""Portuguese, as it reads on both sides of the ocean."""

from bot.rules.phrases.words import Words, zero_one_other

WORDS = Words(
    greetings=("Aqui está.", "Tudo pronto.", "Feito.", "Com prazer.", "Claro.", "Com todo o gosto."),
    threads=(
        "O fio de {name} numa só página: {posts}, {minutes} de leitura.",
        "{posts} de {name} numa só página, {minutes} de leitura.",
        "O fio completo de {name}, de uma vez só ({posts}, {minutes} de leitura).",
        "O que {name} escreveu, tudo junto: {posts}, {minutes} de leitura.",
        "Um fio de {name}, do início ao fim: {posts}, {minutes} para ler.",
    ),
    closings=("", "Boa leitura:", "Bom proveito:", "Para ler com calma:"),
    posts=zero_one_other("{} publicação", "{} publicações"),
    minutes=zero_one_other("{} minuto", "{} minutos"),
    sorry=("Lamento.", "Desta vez não dá.", "Peço desculpa.", "Infelizmente não posso."),
    refusals={
        "protected": (
            "As publicações desta conta são protegidas e só os seus seguidores podem ler.",
            "Esta conta é privada, e o que é privado fica entre os seus seguidores.",
            "Não vejo publicações protegidas. Se a conta passar a ser pública, é só pedir de novo.",
        ),
        "not-a-thread": (
            "É uma única publicação, sem continuação de quem a escreveu.",
            "Vejo aqui só uma publicação, não um fio. Uma menção abaixo de um fio, e eu trago a página.",
            "Não há nada para juntar, porque depois desta publicação o fio não continua.",
        ),
        "author-opted-out": (
            "Quem escreveu o fio pediu que eu não o juntasse, e eu respeito isso.",
            "Quem escreveu isto prefere que os seus fios sejam lidos só no X.",
            "Os fios desta conta não viram páginas, por vontade própria.",
        ),
    },
    done=("Muito bem.", "Entendido.", "Tudo bem.", "Certo.", "Claro."),
    confirmations={
        "stop": (
            'Não vou responder mais. Se mudar de ideia, é só uma menção com "start".',
            'A partir de agora fico em silêncio por aqui. A palavra "start" me traz de volta.',
            'Acabaram as minhas respostas. Se fizerem falta, uma menção com "start" resolve.',
        ),
        "start": (
            "Volto a responder. É só chamar abaixo de qualquer fio.",
            "Aqui estou outra vez. Uma menção abaixo de um fio, e eu trago a página.",
            "A partir de agora as minhas respostas estão de volta.",
        ),
        "opt-out": (
            'Os seus fios não viram mais páginas, e as que havia saem. Com "opt in" tudo volta.',
            'A partir de agora os seus fios ficam só no X, e eu retiro as páginas. "opt in" desfaz isso.',
            'Ninguém mais recebe os seus fios de mim, e as páginas saem. Para voltar, escreva "opt in".',
        ),
        "opt-in": (
            "Os seus fios podem virar página outra vez, quando alguém pedir.",
            "Que bom ter os seus fios de volta. A partir de agora junto-os de novo.",
            "A partir de agora volto a fazer páginas dos seus fios, a pedido.",
        ),
        "delete": (
            "A página deste fio já não existe.",
            "Apaguei a página deste fio.",
            "Este fio não tem mais página aqui.",
        ),
        "unlist": (
            "A página fica para quem tem o link, e não aparece em nenhuma lista.",
            "Tirei a página de todas as listas. O link continua a funcionar.",
            "Este fio não aparece mais em listas nem em buscadores. O link ainda o abre.",
        ),
        "refresh": (
            "A página está em dia outra vez.",
            "Li o fio de novo, e a página tem o que há de novo.",
            "O que é novo ou foi editado já está na página.",
        ),
    },
    hello=("Olá.", "Explico com prazer.", "É simples."),
    help=(
        (
            'Com "{bot} unroll" abaixo de um fio, ele vem inteiro numa página. Também entendo: refresh, '
            "stop, start. Para autores: opt out, opt in, delete, unlist."
        ),
        (
            'Uma resposta "{bot} unroll" abaixo de um fio, e ele vira uma página. Outras palavras: refresh, '
            "stop, start e, para quem o escreveu, delete, unlist, opt out, opt in."
        ),
        (
            "Uma menção abaixo de um fio com uma palavra basta. Para todos: unroll, refresh, stop, start. "
            'Para quem o escreveu: delete, unlist, opt out, opt in. Por exemplo, "{bot} unroll".'
        ),
    ),
)
