"""What a film says of its origin to programs: an XMP packet (ISO 16684-1) in a box of its own at the MP4's end, with
IPTC's digital source type of media that a computer made from a photo."""

from __future__ import annotations

import struct
from pathlib import Path
from uuid import UUID
from xml.sax.saxutils import escape

BOX = UUID("be7acfcb-97a9-42e8-9c71-999491e3afac").bytes
"""The type of XMP's box in ISO base media files (XMP specification, part 3, 2020)."""
SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""IPTC's name for what networks changed of something real."""
PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
 xmp:CreatorTool="gengine" Iptc4xmpExt:DigitalSourceType="{source}">
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{about}</rdf:li></rdf:Alt></dc:description>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"""


def say_origin(path: Path, about: str) -> None:
    """Append the packet to a complete MP4; ``about`` is its description."""
    packet = PACKET.format(source=SOURCE, about=escape(about)).encode()
    with path.open("ab") as file:
        file.write(struct.pack(">I4s", 8 + len(BOX) + len(packet), b"uuid") + BOX + packet)
