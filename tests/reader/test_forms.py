"""What is in the files: every word in any script, every picture, nothing that calls anybody."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree as ET
from zipfile import ZIP_STORED, ZipFile

import pytest
from PIL import Image

from bot.domain import Author, Fork
from reader import pages
from reader.exports import as_epub
from reader.exports.making import Maker
from reader.exports.typeset import NotSet, Sheet, typeset
from tests.needs import unavailable
from tests.reader import scenes
from tests.reader.fakes import NOON, FakeSaved, paint, photo, post, thread
from tests.reader.taking import pdf, words
from tests.reader.test_hostile import HOSTILE, everything

HERE = "https://reader.example"
SCRIPTS = {
    "en": "The lamp is the easy part \u2014 \u201cclear\u201d",
    "de": "Stra\u00dfenlaterne und \u00dcberfahrt",
    "vi": "Ng\u1ecdn h\u1ea3i \u0111\u0103ng kh\u00f4ng ng\u1ee7",
    "el": "\u03a6\u03ac\u03c1\u03bf\u03c2 \u03c4\u03b7\u03c2 \u03bd\u03cd\u03c7\u03c4\u03b1\u03c2",
    "ru": "\u0421\u043c\u043e\u0442\u0440\u0438\u0442\u0435\u043b\u044c \u043c\u0430\u044f\u043a\u0430",
    "ja": "\u706f\u53f0\u5b88\u304c\u77e5\u3063\u3066\u3044\u308b\u3053\u3068",
    "zh": "\u706f\u5854\u5b88\u671b\u8005",
    "ko": "\ub4f1\ub300\uc9c0\uae30\uac00 \uc544\ub294 \uac83",
    "th": "\u0e1b\u0e23\u0e30\u0e20\u0e32\u0e04\u0e32\u0e23",
}
# Their letters are found, in an order of their own: pypdf reads lines as they are drawn.
DRAWN_OTHERWISE = {
    "ar": "\u062d\u0627\u0631\u0633 \u0627\u0644\u0645\u0646\u0627\u0631\u0629",
    "he": "\u05e9\u05d5\u05de\u05e8 \u05d4\u05de\u05d2\u05d3\u05dc\u05d5\u05e8",
    "hi": "\u0926\u0940\u092a \u0938\u094d\u0924\u0902\u092d",
    "bn": "\u09ac\u09be\u09a4\u09bf\u0998\u09b0",
    "ta": "\u0b95\u0bb2\u0b99\u0bcd\u0b95\u0bb0\u0bc8",
    "am": "\u1218\u1265\u122b\u1275",
    "ka": "\u10e8\u10e3\u10e5\u10e3\u10e0\u10d0",
}


@pytest.fixture
def make(tmp_path) -> Callable[[str, FakeSaved], bytes]:
    def kept(sha256: str) -> bytes | None:
        path = tmp_path / sha256[:2] / sha256
        return path.read_bytes() if path.exists() else None

    return Maker(HERE, kept).make


@pytest.fixture(scope="session")
def epubcheck() -> Callable[[Path], str]:
    """What epubcheck says; nothing where a book is right. Debian's is an archive of Java's."""
    found, java = shutil.which("epubcheck"), shutil.which("java")
    if found is None or java is None:
        unavailable("no epubcheck on the PATH: Debian has it in its package epubcheck")
    first = Path(found).read_bytes()[:2]
    command = [java, "-jar", found] if first == b"PK" else [found]

    def check(book: Path) -> str:
        done = subprocess.run(
            [*command, "--quiet", str(book)], capture_output=True, text=True, timeout=100, check=False
        )
        said = re.findall(r"^(?:ERROR|FATAL|WARNING).*", done.stdout + done.stderr, re.MULTILINE)
        return "\n".join(said) or (f"ended with {done.returncode}" if done.returncode else "")

    return check


def of_many_scripts() -> FakeSaved:
    every = {**SCRIPTS, **DRAWN_OTHERWISE}
    return FakeSaved(thread(*(post(n, text, lang=lang) for n, (lang, text) in enumerate(every.items(), 1))))


def hostile_thread() -> FakeSaved:
    """The whole corpus in one thread, a fork of it too."""
    posts, sides = [], []
    for number, evil in enumerate(HOSTILE):
        part = everything(evil)
        posts += [
            replace(one, id=one.id + 10 * number, versions=(one.id + 10 * number,))
            for one in part.thread.posts[1:]
        ]
        sides += part.thread.forks[0].posts
    first = everything(HOSTILE[0])
    whole = thread(*posts, author=first.thread.author, quotes=first.thread.quotes)
    return FakeSaved(replace(whole, forks=(Fork(posts[0].id, tuple(sides)),)))


def long_thread(number: int) -> FakeSaved:
    text = "A keeper trims the lamp and winds the clockwork; for eleven hours nothing happens. " * 3
    return FakeSaved(thread(*(post(n, f"{n}. {text}") for n in range(1, number + 1))))


def flat(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).split())


def test_the_pdf_has_every_word_of_many_scripts(make):
    said = flat(words(make("pdf", of_many_scripts())))
    squeezed = said.replace(" ", "")
    assert [lang for lang, text in SCRIPTS.items() if flat(text).replace(" ", "") not in squeezed] == []
    letters = {lang: set(flat(text)) - set(said) for lang, text in DRAWN_OTHERWISE.items()}
    assert {lang: lost for lang, lost in letters.items() if lost} == {}


def test_no_letter_of_many_scripts_is_a_box(make):
    """Every glyph drawn maps to a letter, and a font without one would draw `.notdef`, which maps to none."""
    for page in pdf(make("pdf", of_many_scripts())).pages:
        assert "\ufffd" not in page.extract_text()
        assert "\x00" not in page.extract_text()


def test_the_pdf_says_whose_it_is_and_leads_on(make, tmp_path):
    found = pdf(make("pdf", scenes.lighthouse(tmp_path)))
    assert found.metadata.title == "What a lighthouse keeper knows about waiting"
    assert found.metadata.author == "Mira Holt"
    assert found.trailer["/Root"]["/Lang"] == "en"
    top, below = found.outline
    assert top.title == found.metadata.title
    assert len(below) == 10
    assert below[1].title.startswith("2 \u00b7 The lamp is the easy part")
    links = {
        each.get_object()["/A"]["/URI"]
        for page in found.pages
        for each in page.get("/Annots", [])
        if "/A" in each.get_object()
    }
    assert {"https://t.co/prism1", "https://x.com/mira_holt", f"{HERE}/thread/1001"} <= links
    assert f"1 / {len(found.pages)}" in found.pages[0].extract_text()


def test_the_pdf_shows_all_that_hangs_on_posts(make, tmp_path):
    content = make("pdf", scenes.lighthouse(tmp_path))
    said = flat(words(content))
    for text in (
        "A post here was deleted.",
        "The author went on in another direction: 2 posts",
        "The log calls it",
        "Found in my aunt",
        "The lens that saved ten thousand ships",
        "The other keeper",
        "68%",
        "Video \u00b7 1:34",
        "Not the whole thread",
    ):
        assert text in said
    assert sum(len(page.images) for page in pdf(content).pages) >= 10


LINKS = {
    "t.co": ("https://t.co/prism1", "https://www.coastmuseum.example/essays/"),
    "full": (
        "https://www.coastmuseum.example/essays/the-lens-that-saved-ten-thousand-ships",
        "https://t.co/",
    ),
}


@pytest.mark.parametrize("links", LINKS)
@pytest.mark.parametrize("form", ["pdf", "epub", "zip"])
def test_links_lead_where_the_operator_wants_them_to(tmp_path, form, links):
    make = Maker(HERE, lambda _: None, links=links).make
    wanted, other = LINKS[links]
    content = make(form, scenes.lighthouse(tmp_path))
    if form == "pdf":
        found = {
            each.get_object()["/A"]["/URI"]
            for page in pdf(content).pages
            for each in page.get("/Annots", [])
            if "/A" in each.get_object()
        }
        assert wanted in found
        assert not any(url.startswith(other) for url in found)
        return
    with ZipFile(io.BytesIO(content)) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith(READ)}
    assert texts
    for name, text in texts.items():
        leads = re.findall(r'href="([^"]*)"', text) or re.findall(r"\]\(<?([^)>]*)", text)
        assert any(url == wanted for url in leads), name
        assert not any(url.startswith(other) for url in leads), name


READ = ("text-1.xhtml", "index.html", "thread.md")


@pytest.mark.parametrize("length", [200, 900, 1000, 1100, 1200, 1400, 2500])
@pytest.mark.parametrize("kind", ["words", "lines", "wide", "pictures"])
def test_a_post_is_on_one_page_where_it_fits_and_never_runs_off_it(make, tmp_path, kind, length):
    units = {"words": "lamp and gull ", "lines": "a lamp\n", "wide": "\u706f\u53f0\u5b88\u304c"}
    unit = units.get(kind, "wick ")
    text = f"Begin {(unit * length)[:length]} end"
    media = tuple(photo(str(n), "A lamp " * 30, 900, 1600) for n in range(4)) if kind == "pictures" else ()
    pictures = {one.url: paint(tmp_path, 900, 1600, 20 * n) for n, one in enumerate(media)}
    posts = (post(1, "First " + "word " * 150), post(2, text, media=media), post(3, "Last"))
    sheets = pdf(make("pdf", replace(FakeSaved(thread(*posts)), pictures=pictures))).pages
    heights: list[float] = []
    for sheet in sheets:
        sheet.extract_text(visitor_text=lambda said, at, *_: said.strip() and heights.append(at[5]))
    assert min(heights) > 28, "nothing stands below the foot"
    said = flat(words_of(sheets))
    assert "Begin" in said
    assert "end" in said
    if kind != "pictures" and length == 200:
        begins = [flat(each.extract_text()) for each in sheets if "Begin" in each.extract_text()]
        assert "end" in begins[0].partition("Begin")[2]


def words_of(sheets) -> str:
    return "\n".join(each.extract_text() for each in sheets)


def test_posts_from_right_to_left_run_so(make):
    [page] = pdf(make("pdf", scenes.hebrew())).pages
    places: dict[str, float] = {}
    page.extract_text(visitor_text=lambda text, matrix, *_: places.setdefault(text.strip(), matrix[4]))
    begins, goes_on, ends = (
        places[word] for word in ("\u05e7\u05e8\u05d0\u05ea\u05d9", "\u05e2\u05dc", "\u05d6\u05d4")
    )
    assert begins > goes_on > ends > float(page.mediabox.width) / 2


def test_sensitive_pictures_are_not_on_paper(make, tmp_path):
    scene = scenes.lighthouse(tmp_path)
    posts = tuple(replace(one, sensitive=True) for one in scene.thread.posts)
    hidden = replace(scene, thread=replace(scene.thread, posts=posts, forks=(), quotes=()))
    content = make("pdf", hidden)
    assert "Picture, marked as sensitive" in flat(words(content))
    assert sum(len(page.images) for page in pdf(content).pages) == 1  # whose it is


@pytest.mark.parametrize("evil", HOSTILE)
def test_nothing_breaks_the_pdf_or_the_picture(make, evil):
    whole = pdf(make("pdf", everything(evil)))
    assert "/JavaScript" not in str(whole.trailer["/Root"])
    for page in whole.pages:
        for each in page.get("/Annots", []):
            address = each.get_object().get("/A", {}).get("/URI", "https://")
            assert address.startswith(("https://", "http://"))
    with Image.open(io.BytesIO(make("card", everything(evil)))) as card:
        assert card.size == (1200, 630)


@pytest.mark.parametrize("evil", HOSTILE)
def test_nothing_breaks_the_book(evil):
    page = pages.thread_page(replace(everything(evil), pictures={}))
    with ZipFile(io.BytesIO(as_epub.render(as_epub.Book(page, NOON, HERE, (), b"")))) as book:
        for name in book.namelist():
            if name.endswith((".xhtml", ".opf", ".xml")):
                found = ET.fromstring(book.read(name))  # noqa: S314 - our own
                assert not list(found.iter("{http://www.w3.org/1999/xhtml}script"))


@pytest.mark.parametrize(
    "scene",
    [scenes.lighthouse, lambda _: scenes.hebrew(), lambda _: hostile_thread(), lambda _: long_thread(200)],
    ids=["everything", "right-to-left", "hostile", "200-posts"],
)
def test_epubcheck_finds_the_book_right(make, epubcheck, tmp_path, scene):
    book = tmp_path / "thread.epub"
    book.write_bytes(make("epub", scene(tmp_path)))
    assert epubcheck(book) == ""


def test_the_book_knows_its_way(make, tmp_path):
    with ZipFile(io.BytesIO(make("epub", scenes.hebrew()))) as book:
        assert book.namelist()[0] == "mimetype"
        assert book.getinfo("mimetype").compress_type == ZIP_STORED
        package = book.read("book/package.opf").decode()
        assert 'page-progression-direction="rtl"' in package
        assert "<dc:language>he</dc:language>" in package
        text = book.read("book/text-1.xhtml").decode()
        assert 'lang="he" xml:lang="he" dir="rtl"' in text
        with Image.open(io.BytesIO(book.read("book/images/cover.png"))) as cover:
            assert cover.size == (1200, 1800)
    with ZipFile(io.BytesIO(make("epub", scenes.lighthouse(tmp_path)))) as book:
        kept = [name for name in book.namelist() if name.endswith(".jpg")]
        assert len(kept) == 11
        assert all(Path(name).name in book.read("book/text-1.xhtml").decode() for name in kept)


@pytest.mark.browser
def test_the_zip_opens_offline_and_asks_nobody(make, browser, tmp_path):
    with ZipFile(io.BytesIO(make("zip", scenes.lighthouse(tmp_path)))) as archive:
        archive.extractall(tmp_path / "taken")
    folder = tmp_path / "taken" / "thread-1001"
    context = browser.new_context(offline=True)
    page = context.new_page()
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"file://{folder}/index.html")
    assert page.get_by_role("heading", name="What a lighthouse keeper knows").is_visible()
    page.evaluate("for (const i of document.images) i.loading = 'eager'")
    page.wait_for_function("[...document.images].every(i => i.complete)")
    assert page.evaluate("[...document.images].filter(i => !i.naturalWidth).map(i => i.src)") == []
    assert page.evaluate("getComputedStyle(document.body).fontFamily").startswith('"Source Serif 4"')
    assert all(url.startswith(f"file://{folder}/") for url in asked)
    assert said == []
    context.close()


def test_the_zip_has_the_words_for_tools_too(make, tmp_path):
    with ZipFile(io.BytesIO(make("zip", scenes.lighthouse(tmp_path)))) as archive:
        names = {name.removeprefix("thread-1001/") for name in archive.namelist()}
        assert {"index.html", "thread.md", "thread.txt", "thread.json", "style/site.css"} <= names
        assert len(json.loads(archive.read("thread-1001/thread.json"))["posts"]) == 10
        markdown = archive.read("thread-1001/thread.md").decode()
        pictures = re.findall(r"!\[[^\]]*\]\(<([^>]*)>\)", markdown)
        assert pictures
        assert set(pictures) <= names
        assert all(info.filename.startswith("thread-1001/") for info in archive.infolist())


def test_a_picture_that_is_broken_is_said_to_be_elsewhere(make, tmp_path):
    scene = scenes.lighthouse(tmp_path)
    for path in tmp_path.glob("??/*"):
        path.write_bytes(b"not a picture")
    for form in ("pdf", "epub", "zip", "card"):
        assert make(form, scene)
    assert "See it on X" in flat(words(make("pdf", scene)))


def test_the_same_thread_is_the_same_bytes(make):
    for form in ("pdf", "epub", "zip", "card"):
        assert make(form, scenes.hebrew()) == make(form, scenes.hebrew()), form


def test_words_are_never_markup(make):
    text = '#read("/etc/passwd") $x^2$ *bold* <label> @ref = heading\n#import "@preview/x:1.0.0"'
    author = Author(501, "mira_holt", '#panic("no") *M*')
    saved = FakeSaved(thread(post(1, text), post(2, "#eval('1')"), author=author))
    said = flat(words(make("pdf", saved)))
    assert flat(text) in said
    assert '#panic("no") *M*' in said
    assert make("card", saved)


def test_typst_sees_its_folder_only_and_does_not_take_for_ever(tmp_path, monkeypatch):
    templates = tmp_path / "templates"
    shutil.copytree(Path(as_epub.__file__).parent / "typst", templates)
    (templates / "out.typ").write_text('#read("/../../etc/passwd")')
    (templates / "far.typ").write_text('#import "@preview/example:0.1.0": add')
    (templates / "long.typ").write_text(
        "#{ let n = 0\n while n < 1e12 { n += 1; if calc.rem(n, 900) == 0 { let x = range(9000) } } }"
    )
    monkeypatch.setattr("reader.exports.typeset.TEMPLATES", templates)
    for name in ("out", "far", "long"):
        with pytest.raises(NotSet):
            typeset(Sheet(f"{name}.typ", "pdf", {}, NOON), tmp_path, seconds=3)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux has it")
def test_typst_may_use_cores_that_its_worker_leaves_alone(tmp_path, monkeypatch):
    """As the child begins, and before it sets anything."""
    templates = tmp_path / "templates"
    shutil.copytree(Path(as_epub.__file__).parent / "typst", templates)
    child = (templates / "child.py").read_text("utf-8")
    said = "os.write(2, json.dumps(sorted(os.sched_getaffinity(0))).encode()); sys.exit(1)"
    (templates / "child.py").write_text(
        child.replace("typst.compile(", f"{said}\n    typst.compile("), "utf-8"
    )
    monkeypatch.setattr("reader.exports.typeset.TEMPLATES", templates)
    cores = os.sched_getaffinity(0)

    def told(given):
        os.sched_setaffinity(0, {min(cores)})  # of this thread alone, which ends with it
        with pytest.raises(NotSet) as error:
            typeset(Sheet("card.typ", "png", {}, NOON), tmp_path, seconds=20, cores=frozenset(given))
        return json.loads(str(error.value))

    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(told, cores).result() == sorted(cores)
        assert thread.submit(told, ()).result() == [min(cores)]
    assert os.sched_getaffinity(0) == cores


def test_nothing_is_set_any_more_for_a_worker_that_is_to_end(tmp_path):
    asked = iter([False, True])
    with pytest.raises(NotSet, match="shutting down"):
        Maker(HERE, lambda _: None, stopped=lambda: next(asked, True)).make("pdf", long_thread(1000))
    with pytest.raises(NotSet, match="shutting down"):
        Maker(HERE, lambda _: None, stopped=lambda: True).make("zip", scenes.usual(tmp_path))


def test_a_thousand_posts_are_set_in_bounded_time(make):
    saved = replace(long_thread(1000), fetched_at=NOON + timedelta(days=1))
    found = pdf(make("pdf", saved))
    assert len(found.outline[1]) == 1000
    assert "1000." in found.pages[-1].extract_text() + found.pages[-2].extract_text()
