"""Smaller copies of pictures: upright, in plain colours, with nothing in them but the picture."""

import io
import threading

import pytest
from PIL import Image, ImageCms, ImageDraw

from bot.pictures import WIDTHS, shrink
from reader import views
from reader.exports.album import Album


def drawn(size=(2000, 1500), mode="RGB"):
    """Red at the left, green at the right, white below: turned round, it would show."""
    image = Image.effect_noise(size, 60).convert(mode)
    draw = ImageDraw.Draw(image)
    width, height = size
    draw.rectangle((0, 0, width // 2, height // 2), fill=(200, 30, 30))
    draw.rectangle((width // 2, 0, width, height // 2), fill=(30, 160, 30))
    return image


def written(image, kind="JPEG", **more):
    file = io.BytesIO()
    image.save(file, kind, **more)
    return file.getvalue()


def opened(copy):
    image = Image.open(io.BytesIO(copy.content))
    image.load()
    return image


def near(found, wanted, by=24):
    return all(abs(one - other) <= by for one, other in zip(found, wanted, strict=False))


def test_copies_go_from_narrow_to_wide_and_keep_the_shape():
    copies = shrink(written(drawn()))
    assert [copy.width for copy in copies] == list(WIDTHS)
    for copy in copies:
        image = opened(copy)
        assert (image.format, image.size) == ("WEBP", (copy.width, copy.height))
        assert copy.height == round(copy.width * 0.75)
        assert near(image.convert("RGB").getpixel((copy.width // 4, copy.height // 4)), (200, 30, 30))


def test_none_is_larger_than_the_original():
    original = written(drawn((500, 400)), quality=95)
    copies = shrink(original)
    assert [copy.width for copy in copies] == [160, 400, 500]
    assert all(len(copy.content) < len(original) for copy in copies)


def test_what_saves_nothing_is_not_made():
    assert shrink(written(drawn((48, 48)))) == (), "an avatar"
    assert shrink(written(Image.effect_noise((100, 100), 9).convert("L"), "WEBP", quality=1)) == ()


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_telephone_held_any_way_gives_an_upright_picture(turn):
    turned = {
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }
    image = drawn((1000, 600))
    for step in turned.get(turn, []):
        image = image.transpose(step)
    exif = Image.Exif()
    exif[0x0112] = turn
    copies = shrink(written(image, exif=exif))
    assert [(copy.width, copy.height) for copy in copies] == [(160, 96), (400, 240), (800, 480), (1000, 600)]
    shown = opened(copies[-1]).convert("RGB")
    assert near(shown.getpixel((250, 150)), (200, 30, 30))
    assert near(shown.getpixel((750, 150)), (30, 160, 30))


def test_nothing_of_the_camera_or_the_place_is_left():
    exif = Image.Exif()
    exif[0x010F] = "A camera of somebody"
    exif.get_ifd(0x8825)[1] = "N"
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for kind in ("JPEG", "PNG", "WEBP"):
        for copy in shrink(written(drawn(), kind, exif=exif, icc_profile=srgb)):
            image = opened(copy)
            assert not image.getexif()
            assert not {"exif", "xmp", "icc_profile"} & image.info.keys()
            assert b"somebody" not in copy.content


def test_another_space_of_colours_is_turned_into_the_webs():
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    same = opened(shrink(written(drawn(), icc_profile=profile))[0])
    assert near(same.getpixel((40, 30)), (200, 30, 30))
    unfit = opened(shrink(written(drawn(), icc_profile=lab))[0])
    assert near(unfit.getpixel((40, 30)), (200, 30, 30)), "a profile of another kind is no use"
    broken = opened(shrink(written(drawn(), icc_profile=b"no profile"))[0])
    assert near(broken.getpixel((40, 30)), (200, 30, 30))


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("P", "PNG"), ("P", "GIF"), ("L", "JPEG"), ("LA", "PNG"), ("RGBA", "PNG"), ("CMYK", "JPEG")],
)
def test_every_way_to_keep_a_pixel_is_read(mode, kind):
    copies = shrink(written(drawn().convert(mode), kind))
    assert copies
    if mode not in {"L", "LA"}:
        assert near(opened(copies[0]).convert("RGB").getpixel((40, 30)), (200, 30, 30), by=60)


def test_what_is_transparent_stays_so():
    image = drawn().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    small = opened(shrink(written(image, "PNG"))[0])
    assert small.mode == "RGBA"
    assert small.getpixel((80, 2))[3] < 10


def test_what_moves_is_left_alone():
    frames = [Image.new("RGB", (900, 900), colour) for colour in ("red", "green")]
    for kind in ("GIF", "WEBP", "PNG"):
        assert shrink(written(frames[0], kind, save_all=True, append_images=frames[1:])) == ()


def test_a_narrow_and_endless_picture_does_not_stop_the_others():
    copies = shrink(written(Image.effect_noise((900, 40_000), 60), "PNG"))
    assert [copy.width for copy in copies] == [160]


@pytest.mark.parametrize("content", [b"", b"no picture", b"\xff\xd8\xff\xe0broken"])
def test_what_is_no_picture_has_no_copies(content):
    assert shrink(content) == ()


def test_a_file_that_is_made_unpacks_pictures_where_the_copies_are_made(tmp_path, monkeypatch):
    """One thread for all of them: so never two large ones are in memory."""
    threads, opens = [], Image.open

    def watched(*args, **kwargs):
        threads.append(threading.current_thread().name)
        return opens(*args, **kwargs)

    monkeypatch.setattr(Image, "open", watched)
    content = written(drawn((400, 300)))
    shrink(content)
    assert Album(tmp_path, lambda _: content, longest=200, room=10**6).keep(views.Image("/media/a", 400, 300))
    assert len(threads) == 2
    assert len(set(threads)) == 1
    assert threading.current_thread().name not in threads
