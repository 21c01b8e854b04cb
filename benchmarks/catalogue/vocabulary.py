# ruff: noqa: ISC004, RUF001, SIM905  # word lists
"""Names for a made-up catalogue: titles, people and bands in several languages, with accents and rare words."""

from collections.abc import Iterator

import numpy as np

from catalog.normalization import fold

GENRES = (
    "Rock",
    "Pop",
    "Folk",
    "Jazz",
    "Electrónica",
    "Hip-Hop",
    "Clásica",
    "Blues",
    "Metal",
    "Reggae",
    "Soul",
    "Funk",
    "Cumbia",
    "Salsa",
    "Bossa Nova",
    "Tango",
    "Flamenco",
    "Chanson",
    "Indie Rock",
    "Ambient",
    "House",
    "Techno",
    "Country",
    "R&B",
    "Ska",
    "Punk",
    "Gospel",
    "Samba",
    "Bolero",
    "Trap",
    "Corrido",
    "Fado",
    "Schlager",
    "Dub",
    "Swing",
    "Música Infantil",
    "Banda Sonora",
    "Zarzuela",
    "Vallenato",
    "Afrobeat",
)
_LANGUAGES = tuple(
    text.split()
    for text in (
        "love night heart river summer fire rain dream light home road blue city dance moon wild gold shadow "
        "morning stranger time again tonight winter ghost silver mountain ocean train letter window garden "
        "broken little young forever yesterday nothing someone angel diamond highway whisper thunder paper "
        "mirror island story evening hunger harbour velvet lonely sweet baby crazy rolling falling burning",
        "amor noche corazón río verano fuego lluvia sueño luz casa camino azul ciudad baile luna salvaje oro "
        "sombra mañana extraño tiempo otra invierno fantasma plata montaña océano tren carta ventana jardín "
        "canción pequeño niño siempre ayer nada alguien ángel piel viento olvido madrugada adiós barrio "
        "lágrima cielo sur mar golondrina pena alegría guitarra sangre puñal espejo isla cuento año mañanita",
        "coração saudade noite rio verão fogo chuva sonho luz caminho lua estrela manhã canção menina flor "
        "janela paixão solidão avião ilusão irmão pão céu maré sertão violão esperança criança então não",
        "amour nuit cœur rivière été feu pluie rêve lumière maison chemin bleu ville danse lune forêt matin "
        "étoile hiver fenêtre jardin île chanson enfant toujours hier rien ciel fête château garçon neige",
        "Liebe Nacht Herz Fluß Sommer Feuer Regen Traum Licht Straße blau Stadt Tänzer Mond wild Gold Schatten "
        "Morgen Fremde Zeit Winter Berge Brücke Vögel Fenster Gärten Mädchen für immer Träume Sehnsucht grün",
        "amore notte cuore fiume estate fuoco pioggia sogno luce strada città perché così più felicità mare "
        "vento stella mattino finestra giardino canzone bambino sempre ieri niente cielo festa libertà virtù",
        "kärlek natt hjärta älv sommar eld regn dröm ljus väg blå stad måne skugga gång nå vår søster fjord "
        "gece yürek ırmak yaz ateş yağmur rüya ışık yol şehir gölge sabah güneş çiçek kuş deniz öykü",
        "любовь ночь сердце река лето огонь дождь мечта свет дорога город луна αγάπη νύχτα καρδιά θάλασσα "
        "さくら よる ゆめ うみ そら 사랑 별 바다 夜 夢 海 空",
    )
)
_SHARES = (0.38, 0.24, 0.09, 0.09, 0.07, 0.06, 0.05, 0.02)
_SMALL = tuple(
    text.split()
    for text in (
        "the of in my your a and without for",
        "de la el en mi tu y sin para",
        "de a o em meu e sem",
        "de la le dans mon et sans",
        "die der und ohne mein",
        "di la il mio e senza",
        "i på min och ve",
        "и в の",
    )
)
_ENDS = ("", "", "", "", "", "", "", "", "", " (Live)", " - Remastered", " (Acústico)", " Part II", " (Demo)")
_FIRST = (
    "Ana María José Luis Inés Íñigo Zoë Chloé Björn Søren Émile Renée Jürgen Günther João Conceição Łukasz "
    "Małgorzata Çağla Aylin Dvořák Tomáš Niño Begoña Andrés Raúl Sofía Martín Lucía Óscar Úrsula Noël Anaïs "
    "Mia Tom Ella John Mary Paul Rose Sam Kate Jack Ruth Carl Nina Omar Leila Yusuf Fatima Aiko Kenji Mei Li "
    "Ivan Olga Dimitri Eleni Nikos Giulia Marco Chiara Luca Pedro Rita Tiago Beatriz Hugo Clara Léa Théo "
    "Ingrid Lars Freya Astrid Kofi Ama Thandi Sipho Rosalía Camilo Violeta Ximena Joaquín Remedios Álvaro"
).split()
_LAST = (
    "García Núñez Peña Muñoz Ríos Torres Álvarez Fernández Ibáñez Castañeda Quiñones Müller Schröder Weiß "
    "Lefèvre Béranger Dupré Gagné Silva Conceição Magalhães Araújo Rossi Bianchi Esposito Andersson Ström "
    "Åkerlund Sørensen Nygård Kowalski Wiśniewska Dvořáková Novák Yılmaz Çelik Öztürk Smith Walker Rivers "
    "Brooks Stone Hill Marsh Winter Snow Fields Bell Carter Mason Cole Hart Lane West North King Queen Young "
    "Tanaka Suzuki Mori Kim Park Nguyen Tran Singh Patel Khan Haddad Cohen Okafor Mensah Dlamini Diallo Keïta"
).split()
_BANDS = (
    "The {}s",
    "Los {}",
    "{} Orchestra",
    "Trío {}",
    "{} & the Others",
    "Les {}",
    "{} Club",
    "La {}",
    "{}",
)
_SYLLABLES = (
    "ba be bi bo bra ca ce chi co cu da de di do dra e fa fe fi flo ga go gra ha i ja jo ka ki ko la le li lo "
    "lu ma me mi mo na ne ni no nu ña o pa pe pi po pra qui ra re ri ro sa se si so ta te ti to tra tu va ve "
    "vi vo xa ya yo za zu án él ín ón úl ér är öl ün ês ão"
).split()


class Vocabulary:
    """Draws names; the same seed draws the same ones."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._pool: list[int] = []
        # As in any language: some thousand words in many songs, and most words in very few.
        self._rare = [
            "".join(self._pick(_SYLLABLES) for _ in range(2 + self._below(3))) for _ in range(60_000)
        ]

    def artists(self, count: int) -> Iterator[tuple[str, str]]:
        """So many names and their folded keys, all different."""
        seen: set[str] = set()
        while len(seen) < count:
            name = self._artist()
            key = fold(name)
            if key not in seen:
                seen.add(key)
                yield name, key

    def title(self) -> str:
        """One to five words of one language, sometimes a rare one among them."""
        draw = self._below(100)
        kind, share = 0, _SHARES[0] * 100
        while draw >= share and kind < len(_SHARES) - 1:
            kind += 1
            share += _SHARES[kind] * 100
        words = []
        for position in range(1 + min(self._below(5), self._below(5))):
            if position and self._below(3) == 0:
                words.append(self._pick(_SMALL[kind]))
            words.append(self.rare() if self._below(4) == 0 else self._often(_LANGUAGES[kind]))
        text = " ".join(words)
        return text[:1].upper() + text[1:] + self._pick(_ENDS)

    def rare(self) -> str:
        """A word that few songs have."""
        return self._often(self._rare)

    def _artist(self) -> str:
        kind = self._below(10)
        if kind < 4:
            return f"{self._pick(_FIRST)} {self._pick(_LAST)}"
        if kind < 7:
            return f"{self._pick(_FIRST)} {self.rare().capitalize()}"
        words = self._pick(_LANGUAGES[self._below(7)]), self.rare()
        return self._pick(_BANDS).format(" ".join(word.capitalize() for word in words[self._below(2) :]))

    def _often(self, words: list[str]) -> str:
        """The first ones more often."""
        return words[self._below(1 + self._below(len(words)))]

    def _pick(self, words: tuple[str, ...] | list[str]) -> str:
        return words[self._below(len(words))]

    def _below(self, bound: int) -> int:
        if not self._pool:
            self._pool = self._rng.integers(0, 1 << 30, 200_000).tolist()
        return self._pool.pop() % bound
