"""A picture of a page as a small PNG: 256 colours are enough for text, lines and a few tones.

The browser counts the colours (it has the pixels and is quick); what is left here is the format.
"""

import base64
import struct
import zlib
from typing import Any

from playwright.sync_api import Page

#: Of each pixel the number of its colour in a palette of at most 256. A colour has its place by
#: how often it is seen and how far it is from those with one: so the few red pixels keep theirs.
COUNT = """
async (png) => {
  const bytes = Uint8Array.from(atob(png), (c) => c.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
  context.drawImage(image, 0, 0);
  const pixels = new Uint32Array(
    context.getImageData(0, 0, image.width, image.height).data.buffer);
  const count = new Map();
  for (const one of pixels) count.set(one, (count.get(one) ?? 0) + 1);
  const parts = (one) => [one & 255, (one >> 8) & 255, (one >> 16) & 255];
  const seen = [...count].map(([one, times]) => (
    { parts: parts(one), one, times, far: Infinity, at: 0 }));
  const palette = [];
  let next = seen.reduce((a, b) => (b.times > a.times ? b : a));
  while (next && palette.length < 256) {
    const [x, y, z] = next.parts, at = palette.push(next.one) - 1;
    next = null;
    for (const each of seen) {
      const [r, g, b] = each.parts, far = (r - x) ** 2 + (g - y) ** 2 + (b - z) ** 2;
      if (far < each.far) { each.far = far; each.at = at; }
      if (each.far && (!next || each.times * each.far > next.times * next.far)) next = each;
    }
  }
  const near = new Map(seen.map((each) => [each.one, each.at]));
  let rows = "";
  pixels.forEach((one) => { rows += String.fromCharCode(near.get(one)); });
  return { width: image.width, height: image.height, palette: palette.flatMap(parts),
           rows: btoa(rows) };
}
"""
SIGNATURE = b"\x89PNG\r\n\x1a\n"
DEPTH_8, INDEXED = 8, 3


def small(page: Page, png: bytes) -> bytes:
    """`page` is any page: its browser does the counting."""
    counted: dict[str, Any] = page.evaluate(COUNT, base64.b64encode(png).decode())
    width, height = counted["width"], counted["height"]
    indexes = base64.b64decode(counted["rows"])
    rows = b"".join(b"\0" + indexes[at : at + width] for at in range(0, width * height, width))
    return (
        SIGNATURE
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, DEPTH_8, INDEXED, 0, 0, 0))
        + _chunk(b"PLTE", bytes(counted["palette"]))
        + _chunk(b"IDAT", zlib.compress(rows, 9))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )
