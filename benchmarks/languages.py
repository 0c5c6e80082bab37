"""Lips in other languages: from the sound, with the text, and with a wrong text, on voices whose sounds are known.

    python benchmarks/languages.py             # fourteen espeak-ng voices and EMO-DB's held-out actor
    python benchmarks/languages.py es de       # some of them
    python benchmarks/languages.py belief      # what right and wrong texts score: gengine.inputs.ear.BELIEVED
    python benchmarks/languages.py --face a2m  # whether lips meet and rest as the rules' do, from the sound alone

A closure of P, B or M counts as found when its centre lies within 40 ms of a true one; "border" is the median error
of the starts of sounds that both name alike, in the best common order. "wrong text" is another sentence of the
language; "spread" lays the text's sounds evenly over the speech. espeak-ng's voices state what they say when, but the
same program tells the letters' sounds to the aligner: only the rows without it, and EMO-DB (labels by hand, an actor
whom the recogniser never heard), are free of that. Needs libespeak-ng; EMO-DB needs the reference recordings.
"""

from __future__ import annotations

import argparse
import difflib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import numpy as np

from gengine.core.audio import AudioClip
from gengine.core.conditions import MOTION_RATE
from gengine.core.emotion import EMOTIONS, EmotionTrack
from gengine.core.lips import SealModel
from gengine.core.performance import Performance
from gengine.core.words import Phone, WordTrack
from gengine.data.synthetic_speech import espeak
from gengine.encoders.phones import CLASSES, hear
from gengine.errors import GengineError
from gengine.hearing import hear_recording
from gengine.inputs import espeak as letters
from gengine.inputs.align import align
from gengine.inputs.ear import Ear
from gengine.inputs.estimate import speech_parts
from gengine.inputs.forced import aligner
from gengine.inputs.stretch import said_words
from gengine.inputs.text import read_text
from gengine.metrics.phone_accuracy import PhoneScores
from gengine.network_run import run_network
from gengine.registry import build

SENTENCES: dict[str, tuple[str, ...]] = {
    "es": (
        "Buenos días, mi hermano pequeño compró pan y mantequilla en el mercado.",
        "El profesor explica el problema, pero nadie comprende la respuesta.",
        "Mañana por la noche vamos a cenar con unos amigos de mi padre.",
        "¿Puedes abrir la ventana? Hace mucho calor en esta habitación.",
        "Un perro blanco corre por la playa y busca una pelota azul.",
        "Mi abuela siempre cuenta historias muy bonitas de su pueblo.",
        "La empresa prepara un nuevo producto para el mes de septiembre.",
        "Me parece imposible terminar este trabajo antes del domingo.",
    ),
    "fr": (
        "Bonjour, mon petit frère a acheté du pain et du beurre au marché.",
        "Le professeur explique le problème, mais personne ne comprend la réponse.",
        "Demain soir, nous allons manger avec des amis de mon père.",
        "Peux-tu ouvrir la fenêtre ? Il fait très chaud dans cette pièce.",
        "Un chien blanc court sur la plage et cherche un ballon bleu.",
        "Ma grand-mère raconte toujours de belles histoires de son village.",
        "L'entreprise prépare un nouveau produit pour le mois de septembre.",
        "Il me semble impossible de finir ce travail avant dimanche.",
    ),
    "it": (
        "Buongiorno, il mio fratello piccolo ha comprato pane e burro al mercato.",
        "Il professore spiega il problema, ma nessuno capisce la risposta.",
        "Domani sera andiamo a mangiare con alcuni amici di mio padre.",
        "Puoi aprire la finestra? Fa molto caldo in questa stanza.",
        "Un cane bianco corre sulla spiaggia e cerca una palla blu.",
        "Mia nonna racconta sempre storie bellissime del suo paese.",
        "L'azienda prepara un nuovo prodotto per il mese di settembre.",
        "Mi sembra impossibile finire questo lavoro prima di domenica.",
    ),
    "pt": (
        "Bom dia, o meu irmão pequeno comprou pão e manteiga no mercado.",
        "O professor explica o problema, mas ninguém compreende a resposta.",
        "Amanhã à noite vamos jantar com uns amigos do meu pai.",
        "Podes abrir a janela? Está muito calor neste quarto.",
        "Um cão branco corre pela praia e procura uma bola azul.",
        "A minha avó conta sempre histórias bonitas da sua aldeia.",
        "A empresa prepara um novo produto para o mês de setembro.",
        "Parece impossível terminar este trabalho antes de domingo.",
    ),
    "de": (
        "Guten Morgen, mein kleiner Bruder hat Brot und Butter auf dem Markt gekauft.",
        "Der Lehrer erklärt das Problem, aber niemand begreift die Antwort.",
        "Morgen Abend gehen wir mit ein paar Freunden meines Vaters essen.",
        "Kannst du bitte das Fenster öffnen? Hier im Zimmer ist es sehr warm.",
        "Ein weißer Hund läuft über den Strand und sucht einen blauen Ball.",
        "Meine Großmutter erzählt immer schöne Geschichten aus ihrem Dorf.",
        "Die Firma bereitet ein neues Produkt für den Monat September vor.",
        "Mir scheint es unmöglich, diese Arbeit vor Sonntag zu beenden.",
    ),
    "nl": (
        "Goedemorgen, mijn kleine broer heeft brood en boter op de markt gekocht.",
        "De leraar legt het probleem uit, maar niemand begrijpt het antwoord.",
        "Morgenavond gaan wij eten met een paar vrienden van mijn vader.",
        "Kun je het raam openen? Het is hier in de kamer erg warm.",
        "Een witte hond loopt over het strand en zoekt een blauwe bal.",
        "Mijn oma vertelt altijd mooie verhalen over haar dorp.",
        "Het bedrijf bereidt een nieuw product voor de maand september.",
        "Het lijkt mij onmogelijk dit werk voor zondag af te maken.",
    ),
    "pl": (
        "Dzień dobry, mój młodszy brat kupił chleb i masło na bazarze.",
        "Nauczyciel objaśnia problem, ale nikt nie pojmuje odpowiedzi.",
        "Jutro wieczorem pójdziemy na kolację z przyjaciółmi mojego ojca.",
        "Czy możesz otworzyć okno? W tym pokoju jest bardzo ciepło.",
        "Biały pies biegnie po plaży i szuka niebieskiej piłki.",
        "Moja babcia zawsze opowiada piękne historie o swojej wsi.",
        "Firma przygotowuje nowy produkt na miesiąc wrzesień.",
        "Wydaje mi się niemożliwe skończyć tę pracę przed niedzielą.",
    ),
    "tr": (
        "Günaydın, küçük kardeşim pazardan ekmek ve tereyağı almış.",
        "Öğretmen problemi anlatıyor ama kimse cevabı bilmiyor.",
        "Yarın akşam babamın birkaç arkadaşıyla yemek yiyeceğiz.",
        "Pencereyi açabilir misin? Bu oda bugün çok sıcak.",
        "Beyaz bir köpek plajda koşuyor ve mavi bir top arıyor.",
        "Büyükannem hep köyü hakkında güzel masallar anlatır.",
        "Şirket eylül ayı için yeni bir ürün hazırlıyor.",
        "Bu işi pazardan önce bitirmek bana imkansız görünüyor.",
    ),
    "ru": (
        "Доброе утро, мой маленький брат купил хлеб и масло на базаре.",
        "Профессор объясняет проблему, но никто не понимает ответ.",
        "Завтра вечером мы будем ужинать с приятелями моего папы.",
        "Можешь открыть окно? В этой комнате сегодня очень тепло.",
        "Белый пёс бежит по пляжу и ищет большой синий мяч.",
        "Моя бабушка любит вспоминать красивые истории про деревню.",
        "Компания готовит новый продукт на первый месяц осени.",
        "Мне кажется невозможным закончить эту работу к субботе.",
    ),
    "ar": (
        "صباح الخير، أخي الصغير اشترى الخبز والزبدة من السوق.",
        "يشرح المعلم المسألة ولكن لا أحد يفهم الجواب.",
        "مساء غد سوف نأكل مع بعض أصحاب أبي.",
        "هل يمكنك أن تفتح الباب؟ الجو حار جدا في هذه الغرفة.",
        "كلب أبيض يجري على الرمل ويبحث عن كرة.",
        "تحكي أمي دائما قصصا جميلة عن بلدها.",
    ),
    "hi": (
        "नमस्ते, मेरा छोटा भाई बाज़ार से मक्खन और रोटी लाया।",
        "अध्यापक समस्या समझाते हैं, पर कोई जवाब नहीं समझता।",
        "कल शाम हम पिताजी के कुछ मित्रों के साथ भोजन करेंगे।",
        "क्या तुम खिड़की खोल सकते हो? इस कमरे में बहुत गर्मी है।",
        "एक सफ़ेद कुत्ता मैदान पर भाग रहा है और गेंद ढूँढता है।",
        "मेरी दादी हमेशा अपने गाँव की बहुत अच्छी बातें बताती हैं।",
    ),
    "ja": (
        "おはようございます、おとうとがいちばでぱんとばたーをかいました。",
        "せんせいはもんだいをせつめいしますが、だれもこたえがわかりません。",
        "あしたのばん、ちちのともだちといっしょにごはんをたべます。",
        "まどをあけてもいいですか。このへやはとてもあついです。",
        "しろいいぬがはまべではしって、あおいぼーるをさがしています。",
        "ぼくのそぼはいつもむらのびっくりするはなしをしてくれます。",
    ),
    "zh": (
        "早上好，我的弟弟在市场买了面包和苹果。",
        "老师说明这个问题，可是没有人明白他的办法。",
        "明天晚上我们跟爸爸的朋友一起吃饭。",
        "你能不能帮我把门打开？这个房间今天太热了。",
        "一只白色的小猫跑到门旁边，拼命地爬上木板。",
        "我妈妈每天都给我们讲非常美妙的故事。",
        "这个品牌准备在八月发布一个新的产品。",
        "我怕星期天以前没办法把这篇报告写完。",
    ),
    "ko": (
        "안녕하세요, 제 남동생이 시장에서 빵과 버터를 샀어요.",
        "선생님이 문제를 설명하지만 아무도 답을 몰라요.",
        "내일 밤에 우리는 아버지의 친구들과 밥을 먹어요.",
        "창문을 좀 열어 줄래요? 이 방은 오늘 너무 더워요.",
        "하얀 강아지가 바닷가에서 뛰면서 파란 공을 찾아요.",
        "우리 할머니는 항상 마을의 예쁜 이야기를 해 주세요.",
    ),
}  # fmt: skip
"""Everyday sentences, written for this benchmark, with lip sounds in each."""

NEAR, MET, PAUSE = 0.04, 0.8, 0.2
"""Seconds around a sound in which lips may meet, the gap (mm) below which they do, and the shortest rest, s."""

Case = tuple[AudioClip, str, tuple[Phone, ...]]


def synthetic(language: str) -> list[Case]:
    """The language's sentences said by espeak-ng, with their sounds."""
    cases = []
    for k, text in enumerate(SENTENCES[language]):
        said = espeak(text, letters.VOICES.get(language, language), f"{language}-{k}")
        cases.append((AudioClip(said.samples), text, said.phones))
    return cases


def emo_db(folder: Path) -> list[Case]:
    """Full-length clips of the actor that the recogniser never heard, all emotions, with hand-set labels."""
    from gengine.data.recordings import read_table
    from gengine.data.speech import emodb

    rows = {r["id"]: r for r in read_table(folder / "emodb" / "metadata.tsv")}
    return [
        (AudioClip(u.samples), rows[u.name]["text"], u.phones)
        for u in emodb(folder)
        if u.speaker == "emodb-03" and rows[u.name]["extent"] == "full"
    ]


def from_sound(clip: AudioClip, _text: str, _language: str) -> tuple[Phone, ...]:
    return hear(clip.samples)[0]


def with_text(clip: AudioClip, text: str, language: str) -> tuple[Phone, ...]:
    """What a run gets: sounds of the text, or those heard where it has none."""
    try:
        track, _ = align(clip, read_text(text, language))
    except GengineError:
        return hear(clip.samples)[0]
    return track.phones or hear(clip.samples)[0]


def without_espeak(clip: AudioClip, text: str, language: str) -> tuple[Phone, ...]:
    with mock.patch("gengine.inputs.pronounce.speaks", lambda _language: False):
        return with_text(clip, text, language)


def spread(clip: AudioClip, text: str, language: str) -> tuple[Phone, ...]:
    """The text's sounds evenly over the speech, as a control: what a text is worth whose place nobody looks for."""
    from gengine.inputs.pronounce import pronounce
    from gengine.inputs.sounds import sound

    symbols = [sound(n).symbol for said in pronounce(read_text(text, language).words, language)[0] for n, _ in said]
    parts = speech_parts(clip.samples, clip.rate)
    lengths = np.cumsum([0.0, *(end - start for start, end in parts)])

    def at(spoken: float) -> float:
        """The time in the recording after so much speech."""
        k = min(int(np.searchsorted(lengths, spoken, side="right")) - 1, len(parts) - 1)
        return parts[k][0] + spoken - lengths[k]

    borders = [at(lengths[-1] * k / len(symbols)) for k in range(len(symbols) + 1)]
    return tuple(Phone(s, a, b) for s, a, b in zip(symbols, borders, borders[1:], strict=False))


Method = Callable[[AudioClip, str, str], tuple[Phone, ...]]
METHODS: dict[str, Method] = {
    "from sound": from_sound, "with text": with_text, "text, no espeak": without_espeak, "wrong text": with_text,
    "spread": spread,
}  # fmt: skip


def rows(cases: list[Case], language: str) -> Iterator[tuple[str, tuple[float, float, float], int]]:
    """Recall, precision and border error (ms) of every method, and how many closures there are."""
    for name, method in METHODS.items():
        score, errors = PhoneScores(), []
        for k, (clip, text, truth) in enumerate(cases):
            if name == "wrong text":
                text = cases[(k + len(cases) // 2) % len(cases)][1]
            true, found = comparable(truth), comparable(method(clip, text, language))
            score.update(true, found, clip.duration)
            errors += border_errors(true, found)
        border = 1000 * float(np.median(errors)) if errors else float("nan")
        yield name, (score.recall, score.precision, border), score.true_closures


def border_errors(true: tuple[Phone, ...], found: tuple[Phone, ...]) -> list[float]:
    """Distance of starts of the same sounds in the best common order, s."""
    a, b = ([p for p in side if p.symbol not in ("sil", "")] for side in (true, found))
    names = ([p.symbol.split("|")[0] for p in side] for side in (a, b))
    blocks = difflib.SequenceMatcher(None, *names, autojunk=False).get_matching_blocks()
    return [abs(a[m.a + k].start - b[m.b + k].start) for m in blocks for k in range(m.size)]


def belief(name: str, cases: list[Case], language: str) -> None:
    """Scores of parts of the right text and of two wrong ones; the lowest 1 % must lie above the others' highest."""
    scores: dict[bool, list[float]] = {True: [], False: []}
    tool = aligner()
    for k, (clip, right, _) in enumerate(cases):
        for text in {right, cases[(k + 1) % len(cases)][1], cases[(k + len(cases) // 2) % len(cases)][1]}:
            said, _ = said_words(read_text(text, language), tool)
            parts = Ear(clip.samples).find(said, 0.0, clip.duration, language)
            scores[text == right] += [part.fit for part in parts if part.said]
    right, wrong = (np.percentile(scores[kind], q) for kind, q in ((True, [1, 10, 50]), (False, [50, 90, 99])))
    print(f"{name:8}" + "".join(f"{x:>9.2f}" for x in (*right, *wrong)), flush=True)


def lips(cases: list[Case], faces: tuple[str, ...]) -> Iterator[tuple[float, float, float]]:
    """Of each face from the sound alone: P B M at which its lips meet, vowels in whose middle they do, and the lips'
    mean gap (mm) where the voice says nothing."""
    model = SealModel.ict()
    networks = [build("face network", face) for face in faces]
    found: list[list[list[float]]] = [[[], [], []] for _ in faces]
    for clip, _, truth in cases:
        mood = EmotionTrack(*(np.zeros((round(clip.duration * 100), k)) for k in (len(EMOTIONS), 3)), fps=100.0)
        conditions = hear_recording(Performance(clip, WordTrack(), mood))
        for network, (met, shut, rest) in zip(networks, found, strict=True):
            track = [part.weights for part in run_network(network, conditions, 0)]
            gap = model.gap_mm(np.concatenate(track))
            for phone in comparable(truth):
                a, b = (round(t * MOTION_RATE) for t in (phone.start - NEAR, phone.end + NEAR))
                middle = round((phone.start + phone.end) / 2 * MOTION_RATE)
                if middle >= len(gap):
                    continue
                if phone.symbol in ("P", "B", "M"):
                    met.append(float(gap[max(a, 0) : b].min() < MET))
                elif phone.symbol in CLASSES["open"]:
                    shut.append(float(gap[middle] < MET))
                elif phone.symbol in ("sil", "") and phone.end - phone.start > PAUSE:
                    rest.append(float(gap[middle]))
    for columns in found:
        yield tuple(float(np.mean(c)) if c else float("nan") for c in columns)  # type: ignore[misc]


_COMPARED = {"eː": "EY", "oː": "OW", "a": "AA", "u": "UW", "uo": "AO", "ü": "UW", "y": "UW", "ø": "UH", "œ": "AO",
             "ɐ": "AH", "ɤ": "AH", "ɿ": "IH", "ʊŋ": "UH", "ç": "SH", "x": "HH", "ʁ": "HH", "ɕ": "SH", "ʂ": "SH",
             "ɻ": "R"}  # fmt: skip
"""Mouth targets of other languages by the English phone of the same lips, for the scores."""


def comparable(phones: tuple[Phone, ...]) -> tuple[Phone, ...]:
    return tuple(Phone(_COMPARED.get(p.symbol, p.symbol), p.start, p.end) for p in phones)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--face", help="measure the lips of this face beside the rules': a name or a checkpoint's folder"
    )
    parser.add_argument("languages", nargs="*", help=f"of {' '.join(SENTENCES)}, emodb; all; or belief")
    arguments = parser.parse_args()
    data = Path(os.environ.get("GENGINE_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
    believed = arguments.languages == ["belief"]
    faces = ("visemes", arguments.face)
    if arguments.face:
        print(f"{'':8}" + "".join(f"{face[-20:]:>30}" for face in faces))
        print(f"{'':8}" + "    lips meet  in vowels  rest mm" * len(faces))
    if believed:
        print(f"{'':8}{'right 1 %':>9}{'10 %':>9}{'50 %':>9}{'wrong 50':>9}{'90 %':>9}{'99 %':>9}")
    elif not arguments.face:
        print(f"{'':8}{'closures':>9}" + "".join(f"{name:>24}" for name in METHODS))
        print(f"{'':17}" + "  recall prec. border ms" * len(METHODS))
    seen: list[list[tuple[float, float, float]]] = []
    totals: dict[str, list[tuple[float, ...]]] = {name: [] for name in METHODS}
    for name in [*SENTENCES, "emodb"] if believed or not arguments.languages else arguments.languages:
        if name == "emodb" and not (data / "emodb").is_dir():
            print("emodb: no reference recordings; set GENGINE_DATA")
            continue
        cases, language = (emo_db(data), "de") if name == "emodb" else (synthetic(name), name)
        if arguments.face:
            shown = list(lips(cases, faces))
            seen.append(shown)
            print(f"{name:8}" + "".join("{:>13.2f}{:>11.2f}{:>9.2f}".format(*v) for v in shown), flush=True)
            continue
        if believed:
            belief(name, cases, language)
            continue
        line = ""
        for method, values, count in rows(cases, language):
            line = line or f"{name:8}{count:>9}"
            line += "{:>10.2f}{:>6.2f}{:>8.0f}".format(*values)
            totals[method].append(values)
        print(line, flush=True)
    if seen:
        print(f"{'mean':8}" + "".join("{:>13.2f}{:>11.2f}{:>9.2f}".format(*v) for v in np.nanmean(seen, 0)))
    elif not believed:
        means = (np.mean(values, axis=0) for values in totals.values() if values)
        print(f"{'mean':17}" + "".join("{:>10.2f}{:>6.2f}{:>8.0f}".format(*m) for m in means))


if __name__ == "__main__":
    main()
