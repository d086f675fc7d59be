"""Indonesian."""

from bot.rules.phrases.words import Words, same

WORDS = Words(
    greetings=("Ini dia.", "Silakan.", "Sudah siap.", "Dengan senang hati.", "Beres.", "Tentu."),
    threads=(
        "Utas dari {name} dalam satu halaman: {posts}, waktu baca {minutes}.",
        "{posts} dari {name} dalam satu halaman, waktu baca {minutes}.",
        "Utas lengkap dari {name} (waktu baca {minutes}, {posts}).",
        "Tulisan {name}, semuanya jadi satu: {posts}, waktu baca {minutes}.",
        "Utas {name} dari awal sampai akhir: {posts}, waktu baca {minutes}.",
    ),
    closings=("", "Selamat membaca:", "Selamat menikmati:", "Bacalah dengan santai:"),
    posts=same("{} postingan"),
    minutes=same("{} menit"),
    sorry=("Maaf.", "Sayangnya tidak bisa.", "Mohon maaf.", "Kali ini belum bisa."),
    refusals={
        "protected": (
            "Postingan akun ini dilindungi, hanya pengikutnya yang bisa membaca.",
            "Akun ini privat, dan yang privat tetap di antara pengikutnya.",
            "Saya tidak bisa melihat postingan yang dilindungi. Kalau akunnya dibuka, silakan minta lagi.",
        ),
        "not-a-thread": (
            "Ini satu postingan saja, tanpa lanjutan dari penulisnya.",
            "Di sini saya hanya melihat satu postingan, bukan utas. Panggil saya di bawah sebuah utas.",
            "Tidak ada yang perlu digabung, karena postingan ini tidak berlanjut.",
        ),
        "author-opted-out": (
            "Penulisnya meminta agar utasnya tidak digabung, dan saya menghormatinya.",
            "Penulisnya lebih suka utasnya dibaca di X saja.",
            "Utas dari akun ini tidak digabung, atas keinginan pemiliknya.",
        ),
    },
    done=("Oke.", "Baik.", "Siap.", "Sudah dicatat.", "Tentu."),
    confirmations={
        "stop": (
            'Saya tidak akan membalas Anda lagi. Kalau berubah pikiran, sebut saya dengan "start".',
            'Mulai sekarang saya diam. Kata "start" membuat saya kembali.',
            'Tidak ada lagi balasan dari saya. Kalau perlu, sebut saya dengan "start".',
        ),
        "start": (
            "Saya membalas Anda lagi. Panggil saya di bawah utas mana saja.",
            "Saya kembali. Sebut saya di bawah sebuah utas, nanti saya gabungkan.",
            "Mulai sekarang balasan saya datang lagi.",
        ),
        "opt-out": (
            'Utas Anda tidak akan saya gabung lagi, dan halamannya dihapus. "opt in" membatalkannya.',
            'Mulai sekarang utas Anda hanya ada di X, dan halaman saya dihapus. "opt in" untuk kembali.',
            'Utas Anda tidak sampai ke siapa pun lewat saya, halamannya dihapus. Kembali dengan "opt in".',
        ),
        "opt-in": (
            "Utas Anda boleh digabung lagi kalau ada yang meminta.",
            "Selamat datang kembali. Mulai sekarang utas Anda saya gabungkan lagi.",
            "Mulai sekarang saya membuat halaman dari utas Anda lagi, bila diminta.",
        ),
        "delete": (
            "Halaman utas ini sudah tidak ada.",
            "Halaman utas ini sudah saya hapus.",
            "Utas ini tidak punya halaman lagi di sini.",
        ),
        "unlist": (
            "Halamannya tetap ada bagi yang punya tautannya, tetapi tidak masuk daftar mana pun.",
            "Halamannya saya keluarkan dari semua daftar. Tautannya masih berfungsi.",
            "Utas ini tidak tampil lagi di daftar dan mesin pencari. Tautannya masih membukanya.",
        ),
        "refresh": (
            "Halamannya sudah terbaru lagi.",
            "Utasnya sudah saya baca lagi, yang baru ada di halaman.",
            "Postingan baru dan suntingan sudah ada di halaman.",
        ),
    },
    hello=("Halo.", "Dengan senang hati saya jelaskan.", "Caranya mudah."),
    help=(
        (
            'Balas "{bot} unroll" di bawah utas, nanti jadi satu halaman. Kata lain: refresh, stop, start. '
            "Untuk penulis: opt out, opt in, delete, unlist."
        ),
        (
            'Dengan "{bot} unroll" di bawah utas, semuanya datang dalam satu halaman. Saya juga paham '
            "refresh, stop, start dan, untuk penulisnya, delete, unlist, opt out, opt in."
        ),
        (
            "Sebut saya di bawah utas dengan satu kata. Untuk semua: unroll, refresh, stop, start. Untuk "
            'penulisnya: delete, unlist, opt out, opt in. Contohnya "{bot} unroll".'
        ),
    ),
)
