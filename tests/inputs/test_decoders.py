"""Decoders that know the words named to them hear what the whole dictionary hears."""

import pytest

from gengine.inputs.decoders import Decoders, Spoken

pytest.importorskip("pocketsphinx")


@pytest.fixture(scope="module")
def decoders() -> Decoders:
    return Decoders()


@pytest.mark.parametrize("kind", ["quick", "patient"])
def test_each_decoder_knows_every_pronunciation_of_the_words_named_and_no_other_word(decoders, kind):
    decoders.names([Spoken("the")])
    decoder = getattr(decoders, kind)  # loaded after one word and before the others
    decoders.names([Spoken("either"), Spoken("gengining"), Spoken("", ("M", "UW"))])
    for entry in ("the", "the(2)", "either", "either(2)", "gengining", "=M-UW"):
        assert decoder.lookup_word(entry) == decoders.exact.lookup_word(entry)
        assert decoder.lookup_word(entry) is not None
    assert decoders.exact.lookup_word("zebra") is not None
    assert decoder.lookup_word("zebra") is None
