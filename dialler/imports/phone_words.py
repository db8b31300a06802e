"""Names of phone columns in many languages; data only.

Words are compared after `fold`: lower case, without accents. A STEM counts anywhere in a header (`Telefonnummer`,
`phone_no`), a WORD only as a whole word (`tel`, `cell`).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

__all__ = ["fold", "header_score"]

_MOBILE_STEMS = """
mobile mobil mobiel movil movel celular cellul cellphone handy handynummer komork telemovel matkapuhelin smartphone whatsapp msisdn
мобил мобіл сотов κινητ جوال موبايل موبایل נייד मोबाइल मोबाईल মোবাইল மொபைல் మొబైల్ ಮೊಬೈಲ್ മൊബൈൽ મોબાઇલ ਮੋਬਾਈਲ موبائل
手机 手機 携帯 휴대 핸드폰 มือถือ di.dong ponsel handphone cep.telefon gsm
"""
_PHONE_STEMS = """
phone telef telep fono rufnummer fernsprech numer.tel puhelin puh.nro simu.ya namba.ya.simu sime nomor.hp no.hp
телефон тел. τηλεφων τηλ. هاتف تلفن فون טלפון फोन दूरभाष ফোন தொலைபேசி ఫోన్ ಫೋನ್ ഫോൺ ફોન ਫੋਨ
电话 電話 전화 โทรศัพท์ เบอร์โทร dien.thoai telpon fon.numarasi to_number to.number callee dial.number
"""
_WORDS = """
tel tel. tlf tfno fone ph cell sdt hp mob fon gsm telp tél contact.number contact.no contact numero.de.contacto contacto
連絡先 联系方式 연락처
"""
_OTHERS_STEMS = """
fax alternat secondary emergency agent branch office guarantor reference spouse support helpline type verified extension
code status valid consent model brand customer.service caller_id caller.id from_number from.number
loan account invoice order policy amount balance birth aadhaar passport serial postcode zip uid
"""
_OTHERS_WORDS = "alt other id ext date pin dob ref work home landline parent kin relative nominee co-applicant backup"


_STROKED = str.maketrans("đłøı", "dloi")  # letters that cannot lose an accent


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """Lower case without accents, words separated by one blank."""
    plain = "".join(
        char for char in unicodedata.normalize("NFKD", text.casefold().translate(_STROKED)) if unicodedata.category(char) != "Mn"
    )
    return " ".join(re.sub(r"[\s_\-./#:*()\[\]]+", " ", plain).split())


def _terms(listed: str) -> tuple[str, ...]:
    return tuple(fold(term) for term in listed.split())


_STEMS_SCORED = ((_terms(_MOBILE_STEMS), 1.0), (_terms(_PHONE_STEMS), 0.9))
_WHOLE = _terms(_WORDS)
_OTHER_STEMS, _OTHER_WHOLE = _terms(_OTHERS_STEMS), _terms(_OTHERS_WORDS)


def header_score(header: str) -> float:
    """How strongly a header suggests that its column holds the number to dial.

    1 a mobile, 0.9 a phone, 0.8 an abbreviation of one, 0 nothing; 0.3 somebody else's or a second number, and -0.5 the name of something
    else (an account, an amount).
    """
    folded = fold(header)
    padded = f" {folded} "
    score = max((value for stems, value in _STEMS_SCORED if any(stem in folded for stem in stems)), default=0.0)
    if not score and any(f" {word} " in padded for word in _WHOLE):
        score = 0.8
    if any(stem in folded for stem in _OTHER_STEMS) or any(f" {word} " in padded for word in _OTHER_WHOLE):
        return 0.3 if score else -0.5
    return score
