"""French. A name never follows "de" or "que", which would be cut short before a vowel."""

from bot.rules.phrases.words import Words, zero_one_other

WORDS = Words(
    greetings=("Voilà.", "C'est fait.", "Avec plaisir.", "C'est prêt.", "Volontiers.", "Bien sûr."),
    threads=(
        "Le fil écrit par {name} sur une seule page ({posts}, {minutes} de lecture).",
        "{posts} par {name} sur une seule page, {minutes} de lecture.",
        "Le fil complet, signé {name} (à lire en {minutes}, {posts}).",
        "Un fil par {name}, d'un seul tenant ({posts}, {minutes} de lecture).",
        "Tout le fil au même endroit, par {name} (à lire en {minutes}, {posts}).",
    ),
    closings=("", "Bonne lecture\u00a0:", "À lire tranquillement\u00a0:", "Bon moment de lecture\u00a0:"),
    posts=zero_one_other("{} post", "{} posts"),
    minutes=zero_one_other("{} minute", "{} minutes"),
    sorry=("Désolé.", "Cette fois, ce n'est pas possible.", "Je regrette.", "Hélas non."),
    refusals={
        "protected": (
            "Les posts de ce compte sont protégés, et seuls ses abonnés peuvent les lire.",
            "Ce compte est privé, et ce qui est privé reste entre ses abonnés.",
            "Je ne vois pas les posts protégés. Si le compte devient public, redemandez-moi.",
        ),
        "not-a-thread": (
            "C'est un post isolé, sans suite de la même personne.",
            "Je vois ici un seul post et pas de fil. Mentionnez-moi sous un fil et je le déroulerai.",
            "Il n'y a rien à dérouler, car ce post n'a pas de suite.",
        ),
        "author-opted-out": (
            "La personne qui a écrit ce fil m'a demandé de ne pas le dérouler, et je m'y tiens.",
            "La personne qui a écrit ceci préfère que ses fils soient lus sur X seulement.",
            "Les fils de ce compte ne sont pas déroulés, à sa propre demande.",
        ),
    },
    done=("Très bien.", "Compris.", "Entendu.", "C'est noté.", "Bien sûr."),
    confirmations={
        "stop": (
            'Je ne vous répondrai plus. Si vous changez d\'avis, mentionnez-moi avec "start".',
            'À partir de maintenant, je me tais. Le mot "start" me fait revenir.',
            'Plus de réponses de ma part. Si elles vous manquent, mentionnez-moi avec "start".',
        ),
        "start": (
            "Je vous réponds à nouveau. Appelez-moi sous n'importe quel fil.",
            "Me revoilà. Mentionnez-moi sous un fil et je le déroulerai.",
            "À partir de maintenant, je vous réponds de nouveau.",
        ),
        "opt-out": (
            'Je ne déroulerai plus vos fils, et leurs pages disparaissent. "opt in" annule ce choix.',
            'Vos fils restent désormais sur X seulement, et je retire mes pages. "opt in" me fait revenir.',
            'Plus personne ne recevra vos fils par moi, et mes pages partent. Pour revenir, dites "opt in".',
        ),
        "opt-in": (
            "Vos fils peuvent de nouveau être déroulés, à la demande.",
            "Heureux de vous retrouver. Je déroule de nouveau vos fils.",
            "À partir de maintenant, je refais des pages de vos fils quand on me le demande.",
        ),
        "delete": (
            "La page de ce fil n'existe plus.",
            "J'ai supprimé la page de ce fil.",
            "Ce fil n'a plus de page chez moi.",
        ),
        "unlist": (
            "La page reste pour qui en a le lien, et n'apparaît plus dans aucune liste.",
            "J'ai retiré la page de toutes les listes. Son lien fonctionne toujours.",
            "Ce fil n'apparaît plus dans les listes ni les moteurs de recherche. Le lien l'ouvre toujours.",
        ),
        "refresh": (
            "La page est de nouveau à jour.",
            "J'ai relu le fil, et la page a tout ce qui est nouveau.",
            "Les nouveaux posts et les modifications sont sur la page.",
        ),
    },
    hello=("Bonjour.", "J'explique volontiers.", "C'est simple."),
    help=(
        (
            'Répondez "{bot} unroll" sous un fil pour le lire sur une page. Je comprends aussi refresh, '
            "stop, start. Pour les auteurs, opt out, opt in, delete, unlist."
        ),
        (
            'Avec "{bot} unroll" sous un fil, vous le recevez en entier sur une page. Autres mots\u00a0: '
            "refresh, stop, start et, pour qui l'a écrit, delete, unlist, opt out, opt in."
        ),
        (
            "Mentionnez-moi sous un fil avec un de ces mots. Pour tous, unroll, refresh, stop, start. Pour "
            'qui l\'a écrit, delete, unlist, opt out, opt in. Par exemple, "{bot} unroll".'
        ),
    ),
)
