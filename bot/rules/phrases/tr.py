"""Turkish. A name takes no suffix, whose vowels would have to follow it."""

from bot.rules.phrases.words import Words, same

WORDS = Words(
    greetings=("Buyurun.", "Hazır.", "Tamamdır.", "Memnuniyetle.", "İşte burada.", "Elbette."),
    threads=(
        "{name} tarafından yazılan zincir tek sayfada: {posts}, okuma süresi {minutes}.",
        "{name} yazdı, ben tek sayfada topladım: {posts}, okuma süresi {minutes}.",
        "Tek sayfada {posts}, yazan {name} (okuma süresi {minutes}).",
        "Zincirin tamamı bir arada, {name} imzasıyla ({posts}, okuma süresi {minutes}).",
        "Baştan sona bir zincir, yazan {name} (okuma süresi {minutes}, {posts}).",
    ),
    closings=("", "İyi okumalar:", "Keyifli okumalar:", "Rahat rahat okuyun:"),
    posts=same("{} gönderi"),
    minutes=same("{} dakika"),
    sorry=("Üzgünüm.", "Maalesef olmuyor.", "Bu kez olmadı.", "Kusura bakmayın."),
    refusals={
        "protected": (
            "Bu hesabın gönderileri korumalı, onları yalnızca takipçileri okuyabilir.",
            "Bu hesap gizli, gizli olan da takipçileri arasında kalır.",
            "Korumalı gönderileri göremiyorum. Hesap herkese açılırsa yeniden isteyebilirsiniz.",
        ),
        "not-a-thread": (
            "Bu tek bir gönderi, devamı yok.",
            "Burada bir gönderi görüyorum, zincir değil. Beni bir zincirin altında çağırın.",
            "Toplanacak bir şey yok, çünkü bu gönderinin devamı gelmemiş.",
        ),
        "author-opted-out": (
            "Yazan kişi zincirlerinin toplanmamasını istedi, ben de buna uyuyorum.",
            "Yazan kişi zincirlerinin yalnızca X'te okunmasını tercih ediyor.",
            "Bu hesabın zincirleri, kendi isteği üzerine toplanmıyor.",
        ),
    },
    done=("Tamam.", "Anlaşıldı.", "Peki.", "Not ettim.", "Elbette."),
    confirmations={
        "stop": (
            'Artık size yanıt vermeyeceğim. Fikriniz değişirse "start" yazıp benden söz edin.',
            'Bundan sonra sessizim. "start" yazarsanız geri gelirim.',
            'Benden başka yanıt gelmeyecek. Özlerseniz beni "start" ile çağırın.',
        ),
        "start": (
            "Size yeniden yanıt veriyorum. Beni herhangi bir zincirin altında çağırın.",
            "Geri geldim. Bir zincirin altında benden söz edin, tek sayfada getireyim.",
            "Bundan sonra yanıtlarım yeniden gelecek.",
        ),
        "opt-out": (
            'Zincirlerinizi artık toplamayacağım, sayfaları da kalkıyor. Geri almak için "opt in" yazın.',
            'Zincirleriniz bundan sonra yalnızca X\'te, bendeki sayfalar siliniyor. "opt in" bunu geri alır.',
            'Zincirleriniz artık benden kimseye gitmez, sayfaları siliniyor. Dönmek için "opt in" yazın.',
        ),
        "opt-in": (
            "Zincirleriniz istendiğinde yeniden toplanabilir.",
            "Yeniden hoş geldiniz. Bundan sonra zincirlerinizi yine topluyorum.",
            "Bundan sonra isteyenler için zincirlerinizin sayfalarını yine yapıyorum.",
        ),
        "delete": (
            "Bu zincirin sayfası kaldırıldı.",
            "Bu zincirin sayfasını sildim.",
            "Bu zincirin bende artık sayfası yok.",
        ),
        "unlist": (
            "Sayfa bağlantısı olanlar için duruyor, ama hiçbir listede yok.",
            "Sayfayı bütün listelerden çıkardım. Bağlantısı hâlâ çalışıyor.",
            "Bu zincir artık listelerde ve arama motorlarında görünmüyor. Bağlantı onu yine açar.",
        ),
        "refresh": (
            "Sayfa yeniden güncel.",
            "Zinciri yeniden okudum, yeni ne varsa sayfada.",
            "Yeni ve düzenlenmiş gönderiler artık sayfada.",
        ),
    },
    hello=("Merhaba.", "Memnuniyetle anlatayım.", "Çok kolay."),
    help=(
        (
            'Bir zincirin altına "{bot} unroll" yazın, tek sayfada gelsin. Bildiğim diğer sözler: refresh, '
            "stop, start. Yazarlar için: opt out, opt in, delete, unlist."
        ),
        (
            'Zincirin altında "{bot} unroll" derseniz hepsi tek sayfada gelir. Diğerleri: refresh, stop, '
            "start ve yazarı için delete, unlist, opt out, opt in."
        ),
        (
            "Beni bir zincirin altında tek sözle çağırın. Herkes için: unroll, refresh, stop, start. Yazarı "
            'için: delete, unlist, opt out, opt in. Örneğin "{bot} unroll".'
        ),
    ),
)
