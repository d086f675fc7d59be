"""German."""

from bot.rules.phrases.words import Words, one_other

WORDS = Words(
    greetings=("Bitte sehr.", "Gerne.", "Hier, bitte.", "Fertig.", "Aber gern.", "Schon erledigt."),
    threads=(
        "Der Thread von {name} auf einer Seite: {posts}, {minutes} Lesezeit.",
        "{posts} von {name} auf einer Seite, {minutes} Lesezeit.",
        "Der ganze Thread von {name} am Stück ({posts}, {minutes} Lesezeit).",
        "Was {name} hier geschrieben hat, alles beisammen: {posts}, {minutes} Lesezeit.",
        "Ein Thread von {name}, von Anfang bis Ende: {posts}, {minutes} Lesezeit.",
    ),
    closings=("", "Viel Spaß beim Lesen:", "Gute Lektüre:", "Zum Lesen in Ruhe:"),
    posts=one_other("{} Beitrag", "{} Beiträge"),
    minutes=one_other("{} Minute", "{} Minuten"),
    sorry=("Tut mir leid.", "Leider geht das nicht.", "Diesmal leider nicht.", "Schade."),
    refusals={
        "protected": (
            "Die Beiträge dieses Kontos sind geschützt, nur seine Follower können sie lesen.",
            "Dieses Konto ist privat, und was privat ist, bleibt unter seinen Followern.",
            "Geschützte Beiträge sehe ich nicht. Wird das Konto öffentlich, frag mich gern noch einmal.",
        ),
        "not-a-thread": (
            "Das ist ein einzelner Beitrag, der nicht weitergeht.",
            "Hier sehe ich einen Beitrag, aber keinen Thread. Ruf mich unter einem Thread, dann klappt es.",
            "Es gibt nichts zu entrollen, denn nach diesem Beitrag geht es nicht weiter.",
        ),
        "author-opted-out": (
            "Wer diesen Thread geschrieben hat, möchte ihn nicht entrollt haben, und daran halte ich mich.",
            "Die Threads dieses Kontos sollen nur auf X gelesen werden.",
            "Threads dieses Kontos werden auf eigenen Wunsch nicht entrollt.",
        ),
    },
    done=("Geht klar.", "Verstanden.", "In Ordnung.", "Ist notiert.", "Natürlich."),
    confirmations={
        "stop": (
            'Ich antworte dir nicht mehr. Wenn du es dir anders überlegst, erwähne mich mit "start".',
            'Ab jetzt bin ich still. Mit dem Wort "start" bin ich wieder da.',
            'Von mir kommen keine Antworten mehr. Falls sie dir fehlen, erwähne mich mit "start".',
        ),
        "start": (
            "Ich antworte dir wieder. Ruf mich einfach unter einem Thread.",
            "Da bin ich wieder. Erwähne mich unter einem Thread, und ich entrolle ihn.",
            "Ab jetzt bekommst du wieder Antworten von mir.",
        ),
        "opt-out": (
            'Ich entrolle deine Threads nicht mehr, und ihre Seiten gehen. "opt in" macht es rückgängig.',
            'Deine Threads bleiben ab jetzt auf X, und meine Seiten kommen weg. Mit "opt in" geht es weiter.',
            'Niemand bekommt deine Threads mehr von mir, die Seiten gehen. Zurück geht es mit "opt in".',
        ),
        "opt-in": (
            "Deine Threads dürfen wieder entrollt werden, wenn jemand darum bittet.",
            "Schön, dass du wieder dabei bist. Ab jetzt entrolle ich deine Threads wieder.",
            "Ab jetzt mache ich auf Wunsch wieder Seiten aus deinen Threads.",
        ),
        "delete": (
            "Die Seite zu diesem Thread ist weg.",
            "Ich habe die Seite zu diesem Thread gelöscht.",
            "Dieser Thread hat bei mir keine Seite mehr.",
        ),
        "unlist": (
            "Die Seite bleibt für alle, die den Link haben, steht aber in keiner Liste mehr.",
            "Ich habe die Seite aus allen Listen genommen. Der Link geht weiterhin.",
            "Dieser Thread steht nicht mehr in Listen und Suchmaschinen. Der Link öffnet ihn noch.",
        ),
        "refresh": (
            "Die Seite ist wieder auf dem neuesten Stand.",
            "Ich habe den Thread noch einmal gelesen, und die Seite hat alles Neue.",
            "Was neu oder geändert ist, steht jetzt auf der Seite.",
        ),
    },
    hello=("Hallo.", "Ich erkläre es gern.", "Ganz einfach."),
    help=(
        (
            'Antworte mit "{bot} unroll" unter einem Thread, dann bekommst du ihn auf einer Seite. Ich kenne '
            "auch: refresh, stop, start. Für Autoren: opt out, opt in, delete, unlist."
        ),
        (
            'Mit "{bot} unroll" unter einem Thread bekommst du ihn ganz auf einer Seite. Weitere Wörter: '
            "refresh, stop, start und, wenn du ihn geschrieben hast, delete, unlist, opt out, opt in."
        ),
        (
            "Erwähne mich unter einem Thread mit einem Wort. Für alle: unroll, refresh, stop, start. Wer ihn "
            'geschrieben hat: delete, unlist, opt out, opt in. Zum Beispiel "{bot} unroll".'
        ),
    ),
)
