"""Draws the pictures of examples/notes. Needs Pillow: `python3 examples/draw_pictures.py`.

Everything is drawn four times as large and then reduced, which smooths the edges, and saved with a small palette, which
keeps the files small. Nothing is random: the same Pillow draws the same bytes.
"""

import math
from pathlib import Path

from PIL import Image, ImageDraw

SIZE = 256
SCALE = 4
FOLDER = Path(__file__).parent / "notes" / "pictures"

SKY = "#bfe3f7"
GRASS = "#6fae4e"
SEA = "#2f76ad"
NIGHT = "#101632"
INK = "#2a2a2e"
PAPER = "#f7f3e8"
RED = "#c8372d"
WOOD = "#8a5a33"


class Page:
    """A square canvas with coordinates from 0 to 256."""

    def __init__(self, background):
        self.image = Image.new("RGB", (SIZE * SCALE, SIZE * SCALE), background)
        self.draw = ImageDraw.Draw(self.image)

    @staticmethod
    def up(points):
        return [(x * SCALE, y * SCALE) for x, y in points]

    def box(self, left, top, right, bottom, fill, radius=0):
        corners = [value * SCALE for value in (left, top, right, bottom)]
        self.draw.rounded_rectangle(corners, radius * SCALE, fill=fill)

    def disc(self, x, y, radius, fill):
        self.oval(x, y, radius, radius, fill)

    def oval(self, x, y, wide, high, fill):
        self.draw.ellipse([v * SCALE for v in (x - wide, y - high, x + wide, y + high)], fill=fill)

    def ring(self, x, y, radius, colour, width):
        corners = [v * SCALE for v in (x - radius, y - radius, x + radius, y + radius)]
        self.draw.ellipse(corners, outline=colour, width=round(width * SCALE))

    def arc(self, x, y, wide, high, start, end, colour, width):
        corners = [v * SCALE for v in (x - wide, y - high, x + wide, y + high)]
        self.draw.arc(corners, start, end, fill=colour, width=round(width * SCALE))

    def line(self, points, colour, width):
        self.draw.line(self.up(points), fill=colour, width=round(width * SCALE), joint="curve")
        for x, y in points:
            self.disc(x, y, width / 2, colour)

    def shape(self, points, fill):
        self.draw.polygon(self.up(points), fill=fill)

    def save(self, name, colours=48):
        small = self.image.resize((SIZE, SIZE), Image.Resampling.LANCZOS)
        small = small.quantize(colours, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        small.save(FOLDER / f"{name}.png", optimize=True)


def stars(page, count, height):
    for number in range(count):
        x = (number * 97 + 31) % SIZE
        y = (number * 61 + 17) % height
        page.disc(x, y, 0.7 + number % 3 * 0.4, "#e8e8ff")


def moon_phases():
    page = Page(NIGHT)
    stars(page, 40, SIZE)
    radius = 26
    for number in range(8):
        x, y = 34 + number % 4 * 63, 82 + number // 4 * 92
        light = []
        for step in range(61):
            angle = math.pi * (step / 60 - 0.5)
            light.append((math.cos(angle), math.sin(angle)))
        # The lit half ends in an arc and the terminator, which is half an ellipse.
        phase = number / 8
        bend = math.cos(2 * math.pi * phase)
        side = 1 if phase <= 0.5 else -1
        edge = [(side * a, b) for a, b in light]
        inner = [(side * bend * a, b) for a, b in reversed(light)]
        page.disc(x, y, radius, "#2b3152")
        if number:
            page.shape([(x + radius * a, y + radius * b) for a, b in edge + inner], "#f1ebcf")
    page.save("moon-phases", 32)


def solar_system():
    page = Page(NIGHT)
    stars(page, 50, SIZE)
    sun = (10, 128)
    page.disc(*sun, 40, "#f7b733")
    page.disc(*sun, 34, "#fbd25c")
    planets = [
        (62, 3, "#a8a29a", -30), (80, 5, "#e3c27a", 22), (101, 5.5, "#4f8fd6", -14), (121, 4, "#c8553d", 30),
        (151, 15, "#d6a77a", -20), (189, 12, "#e0c58f", 16), (217, 8, "#9fd6d9", -24), (240, 8, "#4565c9", 12),
    ]
    for distance, radius, colour, angle in planets:
        page.arc(*sun, distance, distance, -75, 75, "#3a4270", 0.8)
        turn = math.radians(angle)
        x, y = sun[0] + distance * math.cos(turn), sun[1] + distance * math.sin(turn)
        page.disc(x, y, radius, colour)
        if radius == 15:
            for offset in (-6, 0, 6):
                half = math.sqrt(radius**2 - offset**2) - 1
                page.line([(x - half, y + offset), (x + half, y + offset)], "#b07f56", 2)
        if radius == 12:
            page.arc(x, y, 20, 5, 0, 360, "#f0e2bd", 2.2)
    page.save("solar-system")


def wheel(page, x, y, radius):
    page.ring(x, y, radius, INK, 5)
    for spoke in range(12):
        angle = math.pi * spoke / 6
        end = (x + (radius - 3) * math.cos(angle), y + (radius - 3) * math.sin(angle))
        page.line([(x, y), end], "#8d8d95", 0.8)
    page.disc(x, y, 4, INK)


def bicycle():
    page = Page(SKY)
    page.box(0, 200, SIZE, SIZE, "#9a9a92")
    rear, front, crank, saddle, head = (66, 160), (192, 160), (118, 164), (98, 92), (170, 86)
    wheel(page, *rear, 42)
    wheel(page, *front, 42)
    page.line([rear, crank, head, saddle, rear], RED, 5)
    page.line([crank, saddle, (94, 80)], RED, 5)
    page.line([head, front], RED, 5)
    page.line([head, (167, 72), (190, 68), (196, 78)], INK, 5)
    page.line([(80, 78), (106, 78)], INK, 8)
    page.ring(*crank, 12, INK, 3)
    page.line([(rear[0], rear[1] - 6), (crank[0], crank[1] - 12)], INK, 1.6)
    page.line([(rear[0], rear[1] + 6), (crank[0], crank[1] + 12)], INK, 1.6)
    page.line([(110, 182), (118, 164), (127, 146)], INK, 3)
    page.line([(102, 182), (117, 182)], INK, 4)
    page.line([(120, 146), (135, 146)], INK, 4)
    page.save("bicycle")


def bar_chart():
    page = Page(PAPER)
    for step in range(6):
        page.line([(34, 214 - step * 34), (242, 214 - step * 34)], "#d9d2c0", 1)
    for number in range(8):
        height = 22 * 1.33**number
        left = 42 + number * 25
        page.box(left, 214 - height, left + 17, 214, "#2c7da0" if number < 7 else "#e07a2f")
    page.line([(34, 30), (34, 214), (244, 214)], INK, 3)
    page.save("bar-chart", 24)


def apple_tree():
    page = Page(SKY)
    page.box(0, 200, SIZE, SIZE, GRASS)
    page.shape([(116, 210), (122, 130), (136, 130), (144, 210)], WOOD)
    page.line([(128, 150), (98, 118)], WOOD, 8)
    page.line([(130, 146), (162, 112)], WOOD, 8)
    crown = [(128, 70, 46), (84, 98, 36), (172, 98, 36), (104, 56, 34), (156, 58, 34), (128, 108, 40)]
    for x, y, radius in crown:
        page.disc(x, y, radius, "#3f8a3a")
    for x, y, radius in crown:
        page.disc(x - 8, y - 10, radius * 0.55, "#57a548")
    for x, y in [(80, 104), (104, 60), (122, 96), (150, 72), (176, 104), (148, 122), (98, 128), (128, 42), (168, 62)]:
        page.disc(x, y, 8, RED)
        page.line([(x, y - 7), (x + 2, y - 11)], WOOD, 1.6)
    page.disc(92, 214, 8, RED)
    page.disc(168, 220, 8, RED)
    page.save("apple-tree")


def tomato_plant():
    page = Page("#eaf3e2")
    page.line([(154, 30), (154, 204)], "#b58a56", 5)
    page.line([(128, 204), (132, 150), (126, 100), (132, 44)], "#4c8c3b", 6)
    for y, side in [(64, -1), (82, 1), (112, -1), (134, 1), (166, -1)]:
        tip = (129 + side * 52, y - 10)
        page.line([(129, y + 8), tip], "#4c8c3b", 4)
        for part in (0.45, 0.72, 1.0):
            x = 129 + side * 52 * part
            page.oval(x, y - 16 * part + 2, 13, 8, "#5ea04a")
            page.oval(x, y + 10 - 12 * part, 11, 7, "#4c8c3b")
    for x, y, colour in [(104, 128, RED), (92, 142, "#e2622c"), (152, 104, RED), (166, 152, "#8fb33c"), (148, 160, RED)]:
        page.disc(x, y, 12, colour)
        page.disc(x - 4, y - 4, 3, "#f2a08a")
        page.line([(x - 5, y - 11), (x + 5, y - 11)], "#2f6b2a", 3)
    page.shape([(84, 200), (174, 200), (162, 246), (96, 246)], "#b5562f")
    page.box(78, 192, 180, 206, "#c9683d", 3)
    page.save("tomato-plant")


def bread():
    page = Page("#efe2cc")
    page.box(14, 196, 242, 214, WOOD, 6)
    page.oval(116, 150, 96, 58, "#a8642a")
    page.box(20, 160, 212, 197, "#a8642a", 18)
    page.oval(116, 142, 88, 48, "#c98643")
    for x in (64, 104, 144):
        page.line([(x, 164), (x + 34, 106)], "#f0d3a0", 9)
    page.oval(206, 168, 34, 36, "#a8642a")
    page.oval(206, 168, 28, 30, "#f3deb6")
    for x, y in [(196, 158), (214, 152), (206, 172), (192, 178), (220, 176), (210, 188)]:
        page.oval(x, y, 4, 3, "#dcbf8c")
    for x in (70, 112, 154):
        page.arc(x, 60, 7, 18, 90, 270, "#d9cbb2", 4)
        page.arc(x, 30, 7, 14, -90, 90, "#d9cbb2", 4)
    page.save("bread")


def guitar():
    page = Page("#f2e6d4")
    page.line([(150, 106), (218, 24)], "#4b2e1c", 15)
    page.shape([(206, 26), (226, 6), (244, 22), (226, 42)], "#3a2416")
    for x, y in [(94, 172), (136, 122)]:
        page.disc(x, y, 61 if x < 100 else 43, "#7a4420")
    for x, y in [(94, 172), (136, 122)]:
        page.disc(x, y, 56 if x < 100 else 38, "#c9853f")
    page.disc(120, 142, 20, "#e9cf9d")
    page.disc(120, 142, 16, "#2a1a10")
    page.line([(66, 188), (88, 210)], "#3a2416", 7)
    for shift in (-6, -3.6, -1.2, 1.2, 3.6, 6):
        start = (77 + shift * 1.2, 199 + shift * 1.2)
        page.line([start, (222 + shift * 0.7, 22 + shift * 0.7)], "#f7f1df", 0.9)
    for step in range(6):
        x, y = 160 + step * 10, 94 - step * 12
        page.line([(x - 5, y - 4), (x + 5, y + 4)], "#d8c9a8", 1)
    for x, y in [(212, 16), (220, 8), (240, 28), (232, 36)]:
        page.disc(x, y, 4, "#d9d9de")
    page.save("guitar")


def piano_keys():
    page = Page("#3b2317")
    page.box(10, 60, 246, 214, "#101010", 4)
    for number in range(7):
        page.box(14 + number * 33, 66, 44 + number * 33, 210, "#fbfaf4", 3)
    for number in (0, 1, 3, 4, 5):
        left = 35 + number * 33
        page.box(left, 64, left + 20, 154, "#17171a", 2)
        page.box(left + 4, 66, left + 16, 142, "#34343a", 2)
    page.save("piano-keys", 24)


FOOT = [(-9, 12), (9, 12), (7, 6), (3, 4), (3, -1), (-3, -1), (-3, 4), (-7, 6)]
HORSE = [(-6, 8), (-5, -4), (0, -12), (3, -9), (9, -3), (7, 1), (1, -1), (6, 8)]
CROWN = [(-6, 2), (-9, -11), (-4, -5), (0, -13), (4, -5), (9, -11), (6, 2)]
# The open game after 1. e4 e5 2. Nf3.
POSITION = ["rnbqkbnr", "pppp.ppp", "........", "....p...", "....P...", ".....N..", "PPPP.PPP", "RNBQKB.R"]


def piece(page, x, y, letter):
    fill, edge = ("#fdfaf0", "#55504a") if letter.isupper() else ("#26242a", "#0d0c0f")
    for grow, colour in ((1.18, edge), (1.0, fill)):
        def grown(points):
            return [(x + a * grow, y + b * grow) for a, b in points]

        page.shape(grown(FOOT), colour)
        match letter.lower():
            case "p":
                page.disc(x, y - 5, 5 * grow, colour)
            case "r":
                page.box(x - 7 * grow, y - 9 * grow, x + 7 * grow, y + 3, colour)
            case "n":
                page.shape(grown(HORSE), colour)
            case "b":
                page.oval(x, y - 4, 5 * grow, 7 * grow, colour)
                page.disc(x, y - 12, 2 * grow, colour)
            case "q":
                page.shape(grown(CROWN), colour)
            case "k":
                page.oval(x, y - 2, 7 * grow, 6 * grow, colour)
                page.line([(x, y - 14), (x, y - 4)], colour, 3 * grow)
                page.line([(x - 4, y - 11), (x + 4, y - 11)], colour, 3 * grow)


def chess_board():
    page = Page("#4a2f1d")
    square = 29
    for row, letters in enumerate(POSITION):
        for column, letter in enumerate(letters):
            left, top = 12 + column * square, 12 + row * square
            fill = "#f0dbb4" if (row + column) % 2 == 0 else "#a9713f"
            page.box(left, top, left + square, top + square, fill)
            if letter != ".":
                piece(page, left + square / 2, top + square / 2, letter)
    page.save("chess-board")


def lighthouse():
    page = Page("#27345e")
    stars(page, 36, 130)
    page.shape([(128, 62), (256, 22), (256, 92)], "#c9b86a")
    page.shape([(128, 62), (0, 30), (0, 84)], "#a99a61")
    page.box(0, 190, SIZE, SIZE, "#1b4a73")
    page.shape([(60, 214), (90, 184), (168, 182), (200, 214)], "#4b4a4c")
    top, bottom = 80, 190
    for band in range(5):
        upper, lower = top + band * 22, top + (band + 1) * 22
        def half(y):
            return 17 + 12 * (y - top) / (bottom - top)
        page.shape([(128 - half(upper), upper), (128 + half(upper), upper), (128 + half(lower), lower),
                    (128 - half(lower), lower)], RED if band % 2 == 0 else "#f5f2ea")
    page.box(106, 74, 150, 81, INK)
    page.box(114, 50, 142, 75, "#ffe98a")
    for x in (114, 128, 142):
        page.line([(x, 50), (x, 75)], INK, 1.6)
    page.shape([(108, 50), (148, 50), (128, 30)], INK)
    for y in (212, 226, 240):
        for x in range(-10, SIZE, 40):
            page.arc(x + y % 30, y, 14, 5, 180, 360, "#3f7cab", 2)
    page.save("lighthouse")


def benzene():
    page = Page(PAPER)
    corners = [(128 + 56 * math.cos(math.radians(60 * n - 90)), 128 + 56 * math.sin(math.radians(60 * n - 90)))
               for n in range(6)]
    for number, (x, y) in enumerate(corners):
        outer = (128 + (x - 128) * 1.75, 128 + (y - 128) * 1.75)
        page.line([(x, y), outer], INK, 4)
        page.line([(x, y), corners[(number + 1) % 6]], INK, 5)
        page.disc(*outer, 13, "#e9eef2")
        page.ring(*outer, 13, "#8a97a3", 1.6)
    page.ring(128, 128, 33, "#2c7da0", 4)
    for x, y in corners:
        page.disc(x, y, 16, "#3b3b42")
        page.disc(x - 5, y - 5, 4, "#77777f")
    page.save("benzene", 32)


def house():
    page = Page(SKY)
    page.box(0, 206, SIZE, SIZE, GRASS)
    page.disc(218, 40, 22, "#f9d84a")
    page.box(156, 54, 176, 100, "#8d4a3a")
    page.box(60, 116, 196, 210, "#f1e0c2")
    page.shape([(40, 122), (128, 50), (216, 122)], "#a63f32")
    page.line([(40, 122), (128, 50), (216, 122)], "#7d2c23", 5)
    page.box(114, 154, 144, 210, "#5d4129", 2)
    page.disc(138, 184, 2.4, "#e8c35a")
    for left in (72, 156):
        page.box(left, 138, left + 30, 170, "#fdfdf8", 2)
        page.box(left + 3, 141, left + 27, 167, "#86bfe0")
        page.line([(left + 15, 140), (left + 15, 168)], "#fdfdf8", 2.4)
        page.line([(left + 2, 154), (left + 28, 154)], "#fdfdf8", 2.4)
    page.disc(128, 92, 12, "#86bfe0")
    page.ring(128, 92, 12, "#fdfdf8", 3)
    for x in (22, 40, 214, 234):
        page.disc(x, 204, 16, "#3f8a3a")
    page.save("house")


def swallow():
    page = Page("#cfe8f6")
    for x, y, radius in [(40, 48, 18), (62, 42, 24), (88, 50, 18), (190, 214, 20), (214, 208, 26), (238, 216, 18)]:
        page.disc(x, y, radius, "#ffffff")
    blue = "#22345f"
    page.shape([(118, 118), (62, 40), (84, 48), (154, 104)], blue)
    page.shape([(120, 130), (96, 226), (116, 206), (156, 138)], blue)
    page.shape([(112, 134), (30, 150), (70, 138), (22, 118), (82, 124), (118, 114)], blue)
    page.oval(136, 122, 44, 17, "#f4efe2")
    page.oval(134, 117, 44, 14, blue)
    page.disc(176, 116, 16, blue)
    page.oval(184, 122, 9, 7, "#b4472e")
    page.shape([(190, 112), (206, 118), (190, 121)], INK)
    page.disc(181, 111, 2.4, "#ffffff")
    page.save("swallow", 32)


def sailing_boat():
    page = Page(SKY)
    page.disc(46, 48, 22, "#f9d84a")
    page.box(0, 178, SIZE, SIZE, SEA)
    page.line([(128, 34), (128, 186)], WOOD, 5)
    page.shape([(122, 40), (122, 168), (50, 168)], "#fdfaf0")
    page.shape([(134, 54), (134, 168), (196, 168)], RED)
    page.line([(50, 170), (128, 170)], WOOD, 3)
    page.shape([(128, 22), (128, 36), (150, 29)], "#f2a33a")
    page.shape([(50, 178), (212, 178), (184, 212), (78, 212)], "#5d3a22")
    page.line([(52, 180), (210, 180)], "#f1e0c2", 3)
    for y in (210, 226, 242):
        for x in range(0, SIZE + 20, 36):
            page.arc(x + y % 24 - 12, y, 13, 5, 180, 360, "#6fb0da", 2.4)
    page.save("sailing-boat")


def fish():
    page = Page("#2b86a8")
    page.box(0, 220, SIZE, SIZE, "#d9c48a")
    for x, high in [(28, 70), (44, 100), (228, 86), (212, 58)]:
        page.line([(x, 226), (x - 6, 226 - high / 3), (x + 6, 226 - high * 2 / 3), (x, 226 - high)], "#3f9a58", 6)
    orange = "#ef7d22"
    page.shape([(80, 122), (34, 84), (44, 122), (34, 160)], orange)
    page.shape([(112, 88), (150, 56), (172, 90)], orange)
    page.shape([(120, 154), (146, 182), (162, 152)], orange)
    page.oval(136, 122, 66, 40, orange)
    for x, wide in [(112, 9), (160, 8)]:
        high = 40 * math.sqrt(1 - ((x - 136) / 66) ** 2) - 1
        page.box(x - wide, 122 - high, x + wide, 122 + high, "#fdfaf0", 6)
    page.disc(182, 112, 7, "#ffffff")
    page.disc(184, 112, 3.6, INK)
    page.arc(196, 132, 9, 6, 60, 170, "#8a3a10", 2.4)
    for x, y, radius in [(216, 92, 6), (224, 70, 4), (212, 52, 7), (222, 30, 4)]:
        page.ring(x, y, radius, "#cdeaf5", 1.6)
    page.save("fish")


def mount_fuji():
    page = Page("#f4d9cf")
    page.disc(196, 60, 26, "#d9483b")
    page.shape([(0, 206), (70, 120), (104, 66), (116, 70), (128, 64), (140, 71), (152, 66), (186, 120), (256, 206)],
               "#4b5f8f")
    page.shape([(104, 66), (116, 70), (128, 64), (140, 71), (152, 66), (174, 101), (162, 96), (152, 110), (140, 96),
                (128, 114), (116, 97), (104, 108), (94, 97), (82, 102)], "#fbfbfd")
    page.box(0, 204, SIZE, SIZE, "#7fb2cf")
    for y in (216, 230, 244):
        page.line([(20 + y % 40, y), (120 + y % 60, y)], "#b4d6e6", 2)
    page.line([(0, 30), (40, 42), (92, 34)], "#5a3a2c", 5)
    for x, y in [(14, 30), (30, 44), (46, 36), (62, 44), (78, 32), (92, 38), (38, 54), (70, 26), (22, 20)]:
        for petal in range(5):
            angle = math.radians(72 * petal)
            page.disc(x + 4.4 * math.cos(angle), y + 4.4 * math.sin(angle), 3.4, "#f3a7bd")
        page.disc(x, y, 2, "#c2476c")
    page.save("mount-fuji")


def flags():
    page = Page("#e8eef2")

    def pole(left, top):
        page.line([(left, top - 8), (left, top + 92)], "#8d8d95", 4)

    def bands(left, top, colours, upright):
        for number, colour in enumerate(colours):
            if upright:
                page.box(left + number * 28, top, left + (number + 1) * 28, top + 56, colour)
            else:
                page.box(left, top + number * 56 / 3, left + 84, top + (number + 1) * 56 / 3, colour)

    for left, top in [(22, 22), (146, 22), (22, 146), (146, 146)]:
        pole(left, top)
    bands(24, 22, ["#0055a4", "#ffffff", "#ef4135"], True)
    bands(148, 22, ["#000000", "#dd0000", "#ffcc00"], False)
    page.box(24, 146, 108, 202, "#ffffff")
    page.disc(66, 174, 17, "#bc002d")
    page.box(148, 146, 232, 202, "#005293")
    page.box(172, 146, 184, 202, "#fecb00")
    page.box(148, 168, 232, 180, "#fecb00")
    page.save("flags", 32)


def volcano():
    page = Page("#5b3a4a")
    for x, y, radius in [(128, 44, 30), (98, 30, 26), (160, 26, 28), (128, 14, 30), (76, 16, 20), (188, 12, 22)]:
        page.disc(x, y, radius, "#7d6a72")
    page.shape([(10, 226), (100, 92), (156, 92), (246, 226)], "#3a2b2b")
    page.shape([(100, 92), (156, 92), (148, 104), (108, 104)], "#f3a02c")
    for points in ([(120, 98), (112, 140), (92, 178), (96, 222)], [(136, 98), (144, 136), (164, 168), (156, 222)]):
        page.line(points, "#e8502a", 9)
        page.line(points, "#f9c04a", 3)
    for angle in range(-60, 61, 20):
        turn = math.radians(angle - 90)
        page.line([(128 + 10 * math.cos(turn), 92 + 10 * math.sin(turn)),
                   (128 + 46 * math.cos(turn), 92 + 46 * math.sin(turn))], "#f9803a", 3)
    page.box(0, 222, SIZE, SIZE, "#241c1c")
    page.save("volcano")


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for picture in (moon_phases, solar_system, bicycle, bar_chart, apple_tree, tomato_plant, bread, guitar, piano_keys,
                    chess_board, lighthouse, benzene, house, swallow, sailing_boat, fish, mount_fuji, flags, volcano):
        picture()


if __name__ == "__main__":
    main()
