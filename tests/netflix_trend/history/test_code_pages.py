"""Which code page a text is in, by its letters, on invented titles of many languages."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netflix_trend.history.code_pages import PAGES, code_page_of

TITLES: dict[str, tuple[str, list[str]]] = {
    "pl": (
        "cp1250",
        [
            "Wymyślony serial: Część 1: Żółw i gęś",
            "Film wymyślony",
            "Dom z papieru: Część 2",
            "Miłość, śmierć i roboty",
            "Wiedźmin: Sezon 1: Początek końca",
            "Księga dżungli",
            "Zawód: morderca",
            "Łowcy skarbów",
            "Świat według Kiepskich",
            "Noc żywych trupów",
            "Ostatnie królestwo",
            "Ukryta prawda: Sezon 3: Źródło",
        ],
    ),
    "cs": (
        "cp1250",
        [
            "Papírový dům: 1. část: Kdo je kdo",
            "Příběh hraček",
            "Temný rytíř",
            "Černé zrcadlo: 3. řada",
            "Láska, smrt a roboti",
            "Zaklínač",
            "Děti noci",
            "Půlnoční vlak",
            "Hořící keř",
            "Okupace",
        ],
    ),
    "sk": (
        "cp1250",
        [
            "Čierne zrkadlo",
            "Ľudia v čiernom",
            "Vražda v Orient exprese",
            "Päť statočných",
            "Dážď",
            "Zlodejka kníh",
            "Stratený svet: 2. séria",
        ],
    ),
    "hu": (
        "cp1250",
        [
            "A nagy pénzrablás: 1. rész",
            "Vaják: 1. évad: A kezdet vége",
            "Fekete tükör",
            "Őrült rohanás",
            "Szürke ember",
            "Végtelen szerelem",
            "Üvegtörők",
            "Múló évek",
        ],
    ),
    "ro": (
        "cp1250",
        [
            "Fiica pierdută",
            "Umbre: Sezonul 1: Început",
            "Casa de hârtie",
            "Băieţi buni",
            "Înainte de răsărit",
            "Strada fără nume",
            "Ţara nimănui",
            "Povestea unei familii",
        ],
    ),
    "hr": (
        "cp1250",
        [
            "Kuća od papira",
            "Crno ogledalo: Sezona 1: Državna himna",
            "Žena u plavom",
            "Noćni vlak",
            "Priča o igračkama",
            "Đavolja noć",
            "Što rade sjene",
        ],
    ),
    "ru": (
        "cp1251",
        [
            "Бумажный дом: Часть 1: Серия 1",
            "Ведьмак: Сезон 1: Начало конца",
            "Чёрное зеркало",
            "Игра в кальмара",
            "Очень странные дела",
        ],
    ),
    "uk": (
        "cp1251",
        ["Паперовий будинок", "Відьмак: Сезон 1: Початок кінця", "Чорне дзеркало", "Гра в кальмара", "Дивні дива"],
    ),
    "bg": ("cp1251", ["Хартиената къща", "Вещерът: Сезон 1: Началото на края", "Черно огледало"]),
    "tr": (
        "cp1254",
        [
            "Ölümsüzler",
            "Aşk 101: 1. Sezon: Kaçış",
            "Hakan: Muhafız: 1. Sezon",
            "Kuş Uçuşu",
            "Diriliş Ertuğrul",
            "Yüzleşme",
            "İstanbul Kırmızısı",
            "Bir Başkadır",
        ],
    ),
    "el": ("cp1253", ["Το σπίτι από χαρτί", "Μαύρος καθρέφτης", "Το παιχνίδι του καλαμαριού"]),
    "fr": (
        "cp1252",
        [
            "Élite: Saison 1: Bienvenue",
            "La Maison en papier",
            "Lupin: Partie 1: Chapitre 1",
            "À l’ouest, rien de nouveau",
            "Le Fabuleux Destin d’Amélie Poulain",
            "Dix pour cent: Saison 2: Été",
            "Plan cœur",
            "Intouchables: la fête",
            "Forêt noire",
            "Ça",
        ],
    ),
    "es": (
        "cp1252",
        [
            "La casa de papel: Parte 1: Episodio 1",
            "Las chicas del cable: Temporada 1: Sueños",
            "El año del diluvio",
            "¿Quién mató a Sara?",
            "Élite: Temporada 2: Corazón",
            "La niña de tus ojos",
            "Dónde está mi amigo",
        ],
    ),
    "pt": (
        "cp1252",
        [
            "Irmandade: Temporada 1: O irmão",
            "Coisa Mais Linda: Canção",
            "Cidade Invisível",
            "Não Olhe para Cima",
            "Bom Dia, Verônica: Temporada 1: Ações",
            "A Barraca do Beijo",
            "Ninguém Tá Olhando",
        ],
    ),
    "de": (
        "cp1252",
        [
            "Haus des Geldes: Teil 1",
            "Für immer Adaline",
            "Die Verlorenen: Staffel 1: Größe",
            "Schöne neue Welt",
            "Türkisch für Anfänger",
            "Mädchen",
            "Der Weiße Hai",
            "Barbaren: Staffel 2: Äste",
        ],
    ),
    "sv": (
        "cp1252",
        [
            "Kärlek och anarki: Säsong 1",
            "Snabba cash: Säsong 2: Åter",
            "Störst av allt",
            "Tunna blå linjen",
            "Älska mig",
        ],
    ),
    "da": (
        "cp1252",
        [
            "Borgen: Magten og æren",
            "Ragnarok: Sæson 1: Ny dreng",
            "Kærlighed for voksne",
            "Når støvet har lagt sig",
            "Rødby",
        ],
    ),
    "fi": ("cp1252", ["Karppi: Kausi 1: Mätäs", "Sorjonen", "Pelon äärellä", "Täydelliset vieraat", "Yön hiljaisuus"]),
    "is": ("cp1252", ["Katla: Þáttaröð 1: Jökull", "Ófærð", "Stella Blómkvist", "Brot: Sæði", "Verðbúðin"]),
    "lt": (
        "cp1257",
        [
            "Popieriniai namai: Žaidimas",
            "Juodasis veidrodis",
            "Šešėlių miestas",
            "Meilė ir mirtis",
            "Raganius: Pabaigos pradžia",
            "Užburta upė",
            "Keistesni dalykai: Trūkstamas ąžuolas",
        ],
    ),
    "lv": (
        "cp1257",
        ["Papīra nams", "Melnais spogulis: Sezona 1: Ēnas", "Kalmāra spēle", "Svešās lietas", "Mīlestība un nāve"],
    ),
    "he": ("cp1255", ["בית הנייר: עונה 1: פרק 1", "פאודה", "שטיסל"]),
    "ar": ("cp1256", ["بيت من ورق: الموسم 1: الحلقة 1", "مدرسة الروابي للبنات", "ما وراء الطبيعة"]),
    "ja": ("cp932", ["ペーパー・ハウス: パート1: エピソード1", "全裸監督", "今際の国のアリス"]),
    "ko": ("cp949", ["오징어 게임: 시즌 1: 무궁화 꽃이 피던 날", "킹덤", "스위트홈"]),
    "zh": ("gb18030", ["纸房子: 第 1 季", "鱿鱼游戏", "怪奇物语"]),
    "tw": ("big5", ["紙房子: 第 1 季", "魷魚遊戲", "怪奇物語"]),
}
MAC = ("fr", "es", "pt", "de", "sv")


@pytest.mark.parametrize("language", TITLES)
def test_the_titles_of_a_language_show_their_code_page(language: str) -> None:
    page, titles = TITLES[language]
    found = code_page_of("\n".join(titles).encode(page))

    assert (found.name, found.is_sure) == (page, True)


@pytest.mark.parametrize("language", MAC)
def test_a_mac_s_letters_are_told_from_those_of_windows(language: str) -> None:
    found = code_page_of("\n".join(TITLES[language][1]).encode("mac_roman"))

    assert (found.name, found.is_sure) == ("mac_roman", True)


@pytest.mark.parametrize("data", [b"\xb3", b"\xe9\xe0 \xb1\xe6", bytes(range(128, 256))])
def test_letters_that_show_no_language_are_said_to_be_unsure(data: bytes) -> None:
    assert not code_page_of(data).is_sure


def test_pages_that_read_a_text_alike_do_not_make_it_unsure() -> None:
    found = code_page_of("Élite: Café\nPokémon\nBeyoncé\nDéjà vu\nFiancée\nTouché\nRésumé".encode("cp1254"))

    assert (found.name, found.is_sure) == ("cp1252", True)


@settings(max_examples=100)
@given(st.binary(max_size=200))
def test_any_bytes_have_a_code_page(data: bytes) -> None:
    found = code_page_of(data)

    assert found.name in PAGES
    assert isinstance(data.decode(found.name, "replace"), str)
