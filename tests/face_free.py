"""Twenty pictures without a face: noise, textures, patterns, drawings, text and plots."""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

WIDTH, HEIGHT = 640, 480
Y, X = np.mgrid[:HEIGHT, :WIDTH]
R = np.hypot(X - 320, Y - 240)


def _grey(values):
    return np.repeat(np.clip(values, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def _noise(rng):
    return rng.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def _grey_noise(rng):
    return _grey(rng.integers(0, 256, (HEIGHT, WIDTH)))


def _blobs(rng, size, channels=3):
    small = rng.integers(0, 256, (HEIGHT // size + 1, WIDTH // size + 1, 3), dtype=np.uint8)
    if channels == 1:
        small[..., 1:] = small[..., :1]
    return np.asarray(Image.fromarray(small).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))


def _clouds(rng):
    """Noise whose spectrum falls like that of photographs."""
    pitch = np.hypot(np.fft.fftfreq(HEIGHT)[:, None], np.fft.fftfreq(WIDTH))
    pitch[0, 0] = 1
    planes = [
        np.fft.ifft2(np.fft.fft2(rng.normal(size=(HEIGHT, WIDTH))) / pitch**1.5).real
        for _ in range(3)
    ]
    stack = np.stack(planes, axis=-1)
    return ((stack - stack.min()) / np.ptp(stack) * 255).astype(np.uint8)


def _wood(rng):
    wave = np.sin((X + 12 * np.sin(Y / 60)) / 5) * 40 + rng.normal(0, 6, (HEIGHT, WIDTH))
    return np.clip(wave[..., None] + np.array([150, 100, 60]), 0, 255).astype(np.uint8)


def _bricks(rng):
    joint = (Y % 20 < 2) | ((X + (Y // 20 % 2) * 25) % 50 < 2)
    return _grey(np.where(joint, 200, 120) + rng.normal(0, 8, joint.shape))


def _drawn(background, draw, blur=0):
    image = Image.new("RGB", (WIDTH, HEIGHT), background)
    draw(ImageDraw.Draw(image))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(blur)) if blur else image)


def _colour(rng):
    return tuple(rng.integers(0, 256, 3).tolist())


def _discs(rng, blur=0):
    def draw(pen):
        for _ in range(200):
            x, y, r = (int(rng.integers(0, n)) for n in (WIDTH, HEIGHT, 60))
            pen.ellipse([x - r, y - r, x + r, y + r], fill=_colour(rng))

    return _drawn("white", draw, blur)


def _boxes(rng):
    def draw(pen):
        for _ in range(80):
            x, y, w, h = (int(rng.integers(0, n)) for n in (WIDTH, HEIGHT, 120, 120))
            pen.rectangle([x, y, x + w, y + h], fill=_colour(rng))

    return _drawn("grey", draw)


def _strokes(rng):
    def draw(pen):
        for _ in range(300):
            ends = rng.integers(0, (WIDTH, HEIGHT, WIDTH, HEIGHT)).tolist()
            pen.line(ends, fill=_colour(rng), width=2)

    return _drawn("black", draw)


def _smiley(fill, background, radius):
    def draw(pen):
        def circle(x, y, r, **style):
            pen.ellipse([x - r, y - r, x + r, y + r], **style)

        circle(320, 240, radius, fill=fill, outline="black", width=5)
        for side in (-0.4, 0.4):
            circle(320 + side * radius, 240 - 0.35 * radius, 0.12 * radius, fill="black")
        reach = 0.55 * radius
        smile = [320 - reach, 240 - 0.4 * radius, 320 + reach, 240 + 0.6 * radius]
        pen.arc(smile, 20, 160, fill="black", width=5)

    return _drawn(background, draw)


def _house(_rng):
    def draw(pen):
        pen.rectangle([120, 200, 520, 480], fill="firebrick")
        pen.polygon([(100, 200), (320, 60), (540, 200)], fill="saddlebrown")
        for x in (180, 400):
            pen.rectangle([x, 250, x + 70, 320], fill="lightyellow", outline="black", width=4)
        pen.rectangle([285, 350, 355, 480], fill="saddlebrown")

    return _drawn("skyblue", draw)


def _text(_rng):
    def draw(pen):
        line = "The quick brown fox jumps over the lazy dog 0123456789"
        for y in range(10, HEIGHT, 24):
            pen.text((10, y), line, fill="black", font=ImageFont.load_default(18))

    return _drawn("white", draw)


def _big_text(_rng):
    font = ImageFont.load_default(160)
    return _drawn("navy", lambda pen: pen.text((60, 150), "HELLO", fill="yellow", font=font))


def _plot(draw):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=100)
    canvas = FigureCanvasAgg(figure)
    draw(figure.add_subplot())
    held = io.BytesIO()
    canvas.print_png(held)
    return np.asarray(Image.open(held).convert("RGB"))


FACE_FREE: dict[str, Callable] = {
    "noise": _noise,
    "grey noise": _grey_noise,
    "fine blobs": lambda rng: _blobs(rng, 10),
    "coarse blobs": lambda rng: _blobs(rng, 60),
    "grey blobs": lambda rng: _blobs(rng, 24, channels=1),
    "clouds": _clouds,
    "wood": _wood,
    "bricks": _bricks,
    "checkerboard": lambda _rng: _grey((X // 40 + Y // 40) % 2 * 255),
    "rings": lambda _rng: _grey((np.sin(R / 9) + 1) * 127),
    "spot": lambda _rng: _grey(255 - R / 400 * 255),
    "discs": _discs,
    "blurred discs": lambda rng: _discs(rng, blur=6),
    "boxes": _boxes,
    "strokes": _strokes,
    "smiley": lambda _rng: _smiley("yellow", "skyblue", 180),
    "house": _house,
    "text": lambda rng: np.concatenate([_text(rng)[:240], _big_text(rng)[240:]]),
    "line plot": lambda rng: _plot(lambda a: a.plot(rng.normal(size=(200, 4)).cumsum(axis=0))),
    "scatter plot": lambda rng: _plot(
        lambda a: a.scatter(*rng.normal(size=(2, 300)), s=rng.random(300) * 200, c=rng.random(300))
    ),
}


def face_free(name: str, seed: int = 0) -> np.ndarray:
    """The picture called ``name``, the same each time for the same seed."""
    return FACE_FREE[name](np.random.default_rng([list(FACE_FREE).index(name), seed]))
