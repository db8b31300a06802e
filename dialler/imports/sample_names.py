"""Given and family names in several scripts, for invented people; data only."""

from __future__ import annotations

__all__ = ["NAMES"]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


NAMES: tuple[tuple[int, tuple[str, ...], tuple[str, ...], str], ...] = (
    (
        40,
        _words("Amelia Oliver Grace Thomas Hannah George Chloe Samuel Nadia Peter Ruth Daniel Ines Victor Laura Martin Olivia Hugo"),
        _words("Clarke Bennett Hughes Foster Walker Reed Marsh Doyle Fletcher Hayes Barker Lawson Moss Pike Quinn Sutton Tate Webb"),
        " ",
    ),
    (
        30,
        _words("Rahul Priya Arjun Kavya Imran Lakshmi Rohan Fatima Sanjay Meera Vikram Ananya Farhan Divya Harpreet Joseph Nisha Kiran"),
        _words("Sharma Iyer Khan Reddy Patel Nair Singh Das Fernandes Joshi Menon Gupta Pillai Ahmed Kulkarni Bose Rao D'Souza"),
        " ",
    ),
    (
        10,
        _words("José María Zoë François Łukasz Søren Åsa Jiří Çağla Nguyễn Müge Renée Íñigo Ștefan Adébáyọ̀ Kateřina"),
        _words("Muñoz Lefèvre Müller Wójcik Østergård Åkesson Dvořák Yılmaz Trần Gonçalves Ó'Briain Ibáñez Popescu Ọlátúnjí"),
        " ",
    ),
    (5, _words("राहुल प्रिया अर्जुन सुनीता मोहन कविता"), _words("शर्मा वर्मा गुप्ता यादव मिश्रा जोशी"), " "),
    (3, _words("கவிதா முருகன் செல்வி அருண்"), _words("ராமன் சுப்பிரமணியன் குமார்"), " "),
    (3, _words("محمد فاطمة يوسف ليلى عمر"), _words("العلي حسن المصري الخطيب"), " "),
    (3, _words("Иван Ольга Дмитрий Наталья Олена"), _words("Соколов Кузнецова Шевченко Морозов"), " "),
    (2, _words("Γιώργος Μαρία Νίκος Ελένη"), _words("Παπαδόπουλος Ιωάννου Νικολαΐδης"), " "),
    (2, _words("伟 娜 秀英 强 磊"), _words("王 李 张 刘 陈"), "family first"),
    (2, _words("太郎 花子 健一 美咲"), _words("山田 鈴木 佐藤 高橋"), "family first"),
)
"""Scripts: frequency (out of 100), given names, family names, and the separator (`family first`: none, and family name first)."""
