#!/usr/bin/python3
"""svg.py - whether a ladder's picture can be read

    svg.py FILE...

Of each: it is well-formed, has a title and a description, every text lies
within the picture, no two texts touch, and each colour has the contrast that
WCAG 2.2 asks for on white. How wide a text is, is estimated here on its own,
from the widest of the fonts that the picture asks for.
"""
import re
import sys
import xml.etree.ElementTree as ET

SVG = '{http://www.w3.org/2000/svg}'
# Thousandths of the size, of Verdana and DejaVu Sans, the wider of each.
NARROW, MIDDLE, WIDE = set("ijlI.,:;'|! "), set('()[]/\\tfr-"'), set('mwMW%@#')


def advance(char, bold):
    width = (405 if char in NARROW else 475 if char in MIDDLE else
             1000 if char in WIDE else
             790 if char.isupper() or char in '<>=+&~' else 650)
    return width * (1.1 if bold else 1) / 1000


def box(text):
    """Left, top, right, bottom of a text element."""
    size = float(text.get('font-size'))
    content = ''.join(text.itertext())
    bold = text.get('font-weight') == 'bold'
    if 'Mono' in text.get('font-family', ''):
        width = 0.603 * size * len(content)
    else:
        width = size * sum(advance(c, bold) for c in content)
    x, y = float(text.get('x')), float(text.get('y'))
    left = x - width * {'start': 0, 'middle': 0.5,
                        'end': 1}[text.get('text-anchor', 'start')]
    # Descenders, and what a label leans by, are within these.
    return left, y - 0.74 * size, left + width, y + 0.22 * size


def contrast(color):
    """On white."""
    digits = color[1:] if len(color) == 7 else re.sub(r'(.)', r'\1\1', color[1:])
    parts = [int(digits[i:i + 2], 16) / 255 for i in (0, 2, 4)]
    parts = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4
             for p in parts]
    return 1.05 / (0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
                   + 0.05)


def complaints(path):
    root = ET.parse(path).getroot()
    _, _, width, height = (float(v) for v in root.get('viewBox').split())
    for name in ('title', 'desc'):
        if not (root.findtext(SVG + name) or '').strip():
            yield f'no {name}'
    texts = [(''.join(t.itertext()), box(t)) for t in root.iter(SVG + 'text')]
    for content, (left, top, right, bottom) in texts:
        if left < 0 or top < 0 or right > width or bottom > height:
            yield f'outside: {content!r}'
    for i, (one, a) in enumerate(texts):
        for other, b in texts[:i]:
            if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]:
                yield f'{one!r} touches {other!r}'
    for element in root.iter():
        for key in ('fill', 'stroke'):
            color = element.get(key, 'none')
            least = 4.5 if element.tag == SVG + 'text' else 3
            if color in ('none', '#fff', '#ffffff'):
                continue
            if contrast(color) < least:
                yield f'{key} {color}: {contrast(color):.1f}:1 of contrast'


bad = [f'{path}: {text}' for path in sys.argv[1:] for text in complaints(path)]
print('\n'.join(bad))
sys.exit(bool(bad))
