# ruff: noqa: RUF001 - ten languages have letters that look like English ones
"""How people say that they do not want a thread, or only speak of it, in ten languages. Data.

In each pattern K is a keyword and @ a name; the text is in its NFKC form, with straight apostrophes and
without invisible characters. A pattern covers little and must hold the keyword itself: "I can't read this,
unroll" asks, "why don't you unroll this?" too. All patterns are tried on every text, whatever language X
takes it for: people mix them. No part repeats without a bound, so that a long post costs no more than
its length.
"""

from __future__ import annotations

from collections.abc import Mapping

_EN = (
    r"(?:(?:you (?:dare|ever|even)|(?:want|need|like)(?: you| it| this| that| anybody| anyone)?"
    r"|(?:ask|say|mean|call|mention)(?: you)?(?: for)?"
    r"|ever|even|dare|please|pls|just|actually|really|have|bother|try|to|an?|the|this|that|these|any|me|my"
    r"|us|our|for|with|do|be|your|@) ){0,8}"
)
_ES = r"(?:(?:hacer|hagas|haga|falta|un|una|el|este|ese|ningún|más|que|de|con|por favor|porfa|tu|@) ){0,8}"
_PT = r"(?:(?:fazer|faça|que|um|o|a|este|esse|isto|isso|de|do|da|para|por favor|pf|mais|nenhum|@) ){0,8}"
_FR = r"(?:(?:besoin|faire|de|un|le|ce|cet|du|@) |d'|l'){0,8}"
_DE = r"(?:(?:mehr|bitte|zu|den|das|diesen|dieses|einen|ein|thread|hier|wieder|jetzt|nötig|nötig zu|@) ){0,8}"
_ID = (
    r"(?:(?:pernah|perlu|usah|mau|ingin|butuh|lagi|dulu|minta|ada|tolong|buat|bikin|lakukan|pakai|pake|harus"
    r"|sampai|@) ){0,8}"
)
_AR = (
    r"(?: (?:تعمل|تعملوا|تسوي"
    r"|تقم|تقوم|تفعل|تستخدم"
    r"|[أا]ريد|نريد|[أا]بغى|[أا]بي"
    r"|داعي|حاجة|يلزم|لازم"
    r"|ضروري|عايز|عاوز|محتاج"
    r"|إلى|الى|من|[أا]ي|أن|هذا"
    r"|هذه|فضلك|رجاء|@)){0,8}"
)
_AR_JOINED = r"(?:لل|ال|بال|ل|ب)?\u0640? ?"

NEGATIONS: Mapping[str, tuple[str, ...]] = {
    "en": (
        r"(?<!why )\b(?:do|does|did|should|must|need|would|will|wo|shall)(?:n't|nt| not) " + _EN + "K",
        r"\b(?:can't|cant|cannot|couldn't) (?:(?:even|just|really|be|to|the|this) ){0,8}K",
        r"\bnever " + _EN + "K",
        r"\bno (?:need|reason|point|use)(?: in| for| of)? (?:@ |for @ )?" + _EN + "K",
        r"(?<!\bwhy )(?<!\bif )(?<!\bor )\bnot " + _EN + "K",
        r"(?:\bwithout|w/o) (?:an? |the )?K",
        r"(?<!\bwhy )(?<!\boh )(?<!\bstill )(?<!\bor )(?<!é )(?<!\bpor que )\bno (?:more )?(?:please )?K",
        r"\b(?:nobody|no one) (?:asked|wants?|needs?|wanted) (?:you |for )?" + _EN + "K",
        r"K (?:this |it )?(?:is not |isn't |isnt |not )(?:needed|necessary|required|wanted)",
        r"K (?:is )?(?:unnecessary|unwanted)\b",
        r"K not(?=\W*$)",
        r"K ?\? ?(?:no|nope|nah|nein|non|não|hayır|tidak|nggak|jangan)\b(?=\W*$| ?[.,!])",
    ),
    "es": (
        r"(?<!qué )(?<!\bpor que )\bno (?:(?:me|lo|la|le|nos|los|las|te|se) )?"
        r"(?:hagas|haga|hagan|hagáis|hacer|quiero|queremos|necesito|necesitamos|necesitas|hace falta"
        r"|es necesario|hay que|hay necesidad de|pongas|uses|des|vuelvas a|tienes que|pido|pedí|debes) "
        + _ES
        + "K",
        r"\bno (?:lo|la|le|me|los|las) K",
        r"\bsin (?:hacer )?(?:un |el )?K",
        r"\b(?:nada|ganas) de (?:hacer )?K",
        r"\b(?:nunca|jamás|tampoco|ni se te ocurra) (?:(?:hagas|haga|hacer) )?(?:un )?K",
    ),
    "pt": (
        r"(?<!por que )(?<!porque )\b(?:não|nao) (?:(?:me|o|a|se) )?"
        r"(?:precisa|preciso|precisam|faça|faca|faças|façam|faz|fazer|quero|queremos"
        r"|é necessário|e necessario|é preciso|há necessidade|tem necessidade|dê|use|usa|pedi) " + _PT + "K",
        r"(?<!por que )(?<!porque )\b(?:não|nao) (?:o |a )?K",
        r"\bsem (?:fazer )?(?:o |um |a )?K",
        r"\b(?:nunca|jamais) (?:faça |faz |faças )?(?:um )?K",
    ),
    "fr": (
        r"(?:\bne |\bn')(?:(?:le|la|les|me|nous|y|surtout) |l')?"
        r"(?:(?:fais|faites|fait|faire|faut|veux|veut|voulons|voudrais|a|ai|est|demande|fallait) )?"
        r"(?:surtout )?(?:pas|jamais|plus|aucun)(?: nécessaire| la peine)? " + _FR + "K",
        r"(?:\bne |\bn')(?:le |la |les |l')?K (?:surtout )?(?:pas|jamais)\b",
        r"(?<!pourquoi )(?<!oublie )(?<!oubliez )\b(?:pas|jamais|aucun)(?: nécessaire| la peine)? "
        + _FR
        + "K",
        r"\bsans (?:faire )?(?:un |le |d'|l')?K",
        r"\binutile " + _FR + "K",
    ),
    "de": (
        r"(?<!warum )(?<!wieso )\b(?:nicht|niemals|nie|kein|keinen|keine|keines|ohne) " + _DE + "K",
        (
            r"K(?: (?:das|dies|diesen|den|dieses|es|bitte|thread|mal|ihn|hier|jetzt|mich|ist|brauche? ich"
            r"|brauchen wir|will ich|wollen wir|@)){0,8} nicht(?! (?:vergessen|wahr))\b"
        ),
    ),
    "tr": (
        (
            r"K(?:'\w{1,3})? (?:\w+ )?(?:yapma(?:yın(?:ız)?|sın)?|etme(?:yin(?:iz)?|sin)?|olmasın"
            r"|istemiyoru[mz]|istemem|gerekmez|gerekmiyor|gereksiz|lazım değil|gerek yok|gerekli değil"
            r"|şart değil)(?!\w)"
        ),
        r"\bsakın (?:@ )?K",
    ),
    "id": (
        r"(?<!kenapa )(?<!mengapa )(?<!bisa )(?<!boleh )(?<!mau )"
        r"\b(?:jangan|jgn|tidak|tak|gak|ga|nggak|enggak|ngga|gk|tdk|bukan) " + _ID + r"(?:di-? ?)?K",
        r"\btanpa (?:di-? ?)?K",
        r"K(?:-?nya)? (?:tidak|tak|gak|ga|nggak|tdk) (?:perlu|usah|dibutuhkan)\b",
    ),
    "ja": (
        (
            r"K ?(?:を|は|も|とか|なんて)? ?(?:しないで|しなくて"
            r"|しないように|するな|すんな|不要|いらない"
            r"|要らない|いりません|要りません"
            r"|(?:する|の)?必要は?(?:ない|ありません|なし)"
            r"|やめ|止め|禁止|結構です|お断り|無用"
            r"|して(?:ほし|欲し)く|し(?:ては|ちゃ)(?:いけ|ダメ|だめ)"
            r"|なしで)"
        ),
    ),
    "ar": (
        r"(?<!لماذا )(?<!ليش )(?<!ليه )(?<![ء-ي])"
        r"(?:لا|ما|مو|مش|لن|بدون|بلا|دون|ليس)" + _AR + " " + _AR_JOINED + "K",
    ),
    "hi": (
        r"K (?:\S+ ){0,2}?(?:मत|न|ना|नहीं) ?(?:कर|कीजि|चाह|बना)",
        r"K (?:करो|करना) मत",
        r"K की (?:कोई )?(?:ज\u093c?रूरत|आवश्यकता) नहीं",
        r"(?:मत|बिना) K",
        r"K (?:ko )?(?:mat|na|nahi|nahin|nhi) (?:kar\w*|chahiye|chahie)\b",
    ),
}

_THANKED = (
    r"(?:(?:the|that|this|your|my|an?|another|such|very|so|quick|fast|speedy|great|nice|helpful|good|last"
    r"|awesome|perfect|beautiful|super|amazing|swift|prompt|neat|lovely|first|@) ){0,8}"
)
# Where a question begins; "@" is a name before it.
_ASKED = (
    r"(?:^|(?<=[.!?\u00bf\u00a1\n:;@\u3002])) *(?:@[,:]? *){0,8}"
    r"(?:(?:so|and|but|hey|hi|hello|wait|ok|lol|sorry|y|e|et|und)[,:]? ){0,4}"
)
_REST = r"[^.!?,\n\u061f]{0,120}"

TALK: Mapping[str, tuple[str, ...]] = {
    "en": (
        r"\b(?:thanks?|thank (?:you|u)|thx|tysm|ty|cheers|kudos|grateful)(?: \w+| @){0,4}? for "
        + _THANKED
        + "K",
        (
            r"\b(?:great|nice|good|awesome|beautiful|perfect|lovely|cool|excellent|wonderful"
            r"|amazing) K(?! (?:this|it|that|please|pls))"
        ),
        r"(?<!would )(?<!'d )\b(?:love|loved|liked|enjoyed|appreciate) (?:the|your|this|that) K",
        (
            r"\b(?:the|your|that|this|my|an?) K (?:is|was|were|looks?|did|does|didn't|doesn't|has|had"
            r"|works?|worked|page|missed"
            r"|misses|came|seems?|failed|fails)\b"
        ),
        r"K (?:feature|button|function|functionality|option)s?\b",
        r"\b(?:the|these|those|an|all|other) K (?:bot|account|app)s?\b",
        _ASKED
        + r"(?:how|what|why|which|where)(?! (?:about|not|no|don't|dont|do not|a|the heck|an))\b"
        + _REST
        + "K"
        + _REST
        + r"\?",
        _ASKED + r"how (?:do|does|can|could|to|would|should)\b" + _REST + "K",
        _ASKED + r"(?:does|do|did) (?:@|this bot|the bot|it|you)(?! mind)" + _REST + "K" + _REST + r"\?",
    ),
    "es": (
        r"\bgracias(?: \w+| @){0,3}? por (?:(?:el|tu|su|este|ese|un|otro|hacer|@) ){0,8}K",
        _ASKED
        + r"(?:cómo|qué|por qué|para qué)(?! tal| no| bueno| buen| gran)\b"
        + _REST
        + "K"
        + _REST
        + r"\?",
    ),
    "pt": (
        (
            r"\b(?:obrigad[oa]|valeu|agradeço|brigad[oa])(?: \w+| @){0,3}? (?:pelo|pela|por) (?:(?:o|um"
            r"|fazer|seu|teu|esse|este|@) ){0,8}K"
        ),
        _ASKED + r"(?:como|o que|por que|porquê|para que)(?! não| tal)\b" + _REST + "K" + _REST + r"\?",
    ),
    "fr": (
        r"\bmerci(?: \w+| @){0,3}? pour (?:(?:le|ce|cet|ton|votre|un|@) |l'){0,8}K",
        _ASKED
        + r"(?:comment|pourquoi|qu'est-ce|c'est quoi|à quoi)(?! pas| ne)\b"
        + _REST
        + "K"
        + _REST
        + r"\?",
    ),
    "de": (
        (
            r"\b(?:danke|dank|dankeschön)(?: \w+| @){0,3}? fürs? (?:(?:den|das|deinen|dein|diesen|die"
            r"|tollen|schnellen|@) ){0,8}K"
        ),
        _ASKED + r"(?:wie|was|warum|wieso|wozu)(?! wär| nicht| für)\b" + _REST + "K" + _REST + r"\?",
    ),
    "tr": (
        r"K(?:'\w{1,3})? için (?:çok )?(?:teşekkür|sağ ?ol|eyvallah)",
        r"\bnasıl " + _REST + "K" + _REST + r"\?",
        r"K (?:ne|nedir|ne demek|nasıl)\b" + _REST + r"\?",
    ),
    "id": (
        (
            r"\b(?:terima ?kasih|makasih|trims)(?: \w+| @){0,2}? (?:(?:atas|untuk|buat|sudah|udah"
            r"|@) ){0,8}(?:di-? ?)?K-nya\b"
        ),
        (
            r"\b(?:terima ?kasih|makasih|trims)(?: \w+| @){0,2}? (?:atas|untuk|buat|sudah|udah)"
            r" (?:@ )?(?:di-? ?)?K"
        ),
        _ASKED + r"(?:bagaimana|gimana|apa itu|cara)(?! kalau| kalo)\b" + _REST + "K" + _REST + r"\?",
    ),
    "ja": (
        (
            r"K ?(?:して(?:くれて|くださって|いただき|もらえて|くれ)|を|の)?"
            r"(?:どうも)?(?:ありがと|感謝)"
        ),
        r"K ?(?:って|とは|は) ?(?:何|なに|なん)",
        r"K ?(?:とは ?\?|の(?:やり方|使い方|仕方|方法|意味))",
    ),
    "ar": (
        r"(?:شكر\u064b?ا\u064b?|مشكور|تسلم)(?: [^\s.!?]+){0,2}? (?:على|ع) ?(?:هذا |هذه )?" + _AR_JOINED + "K",
        r"(?<![ء-ي])(?:كيف|ما هو|ما معنى|وش|[اإ]يش) " + _REST + "K" + _REST + r"[?\u061f]",
    ),
    "hi": (
        r"K (?:करने )?के लिए (?:\S+ ){0,2}?(?:धन्यवाद|शुक्रिया)",
        r"K (?:क्या है|कैसे|का मतलब)",
        r"K (?:karne )?ke liye (?:\w+ ){0,2}?(?:thanks|thank|shukriya|dhanyavad)\b",
        r"K (?:kya hai|kaise|ka matlab)\b",
    ),
}
