//! The words of a header or a value, in a form in which different spellings of the same thing are equal.
//!
//! `E-Mail-Adresse`, `emailAdresse` and `e mail adresse` are the words `email` and `adresse`: folded, without accents,
//! taken apart at punctuation and where a small letter meets a capital. Words are compared whole, never in part.
//! Scripts without spaces or capitals go through [`in_english`] first, so that one dictionary serves all.

use std::borrow::Cow;

use icu_normalizer::{ComposingNormalizer, DecomposingNormalizer};

use super::map::values::folded;

/// Terms of headers and statuses in Japanese, Chinese, Korean and Russian, and the English words for them. A term that
/// contains another stands before it.
#[rustfmt::skip]
const TERMS: &[(&str, &str)] = &[
    // Japanese
    ("メールアドレス", "email"), ("電子メール", "email"), ("eメール", "email"), ("メール", "email"),
    ("電話番号", "phone number"), ("電話", "phone"), ("携帯", "mobile"),
    ("会社名", "company name"), ("会社", "company"), ("組織", "organization"), ("部署", "department"),
    ("担当者名", "agent name"), ("担当者", "agent"), ("担当", "agent"), ("対応者", "handler"), ("承認者", "approver"),
    ("所有者", "owner"), ("管理者", "administrator"), ("作成者", "creator"), ("起票者", "creator"), ("登録者", "creator"),
    ("更新者", "updated by"), ("受信者", "recipient"), ("宛先", "recipient"), ("差出人", "from"), ("送信者", "from"),
    ("報告者", "reporter"), ("依頼者", "requester"), ("申請者", "requester"), ("請求者", "requester"), ("申込者", "requester"),
    ("問い合わせ者", "requester"), ("本人確認", "identity verified"), ("本人", "data subject"), ("お客様", "customer"), ("顧客", "customer"),
    ("氏名", "full name"), ("お名前", "full name"), ("名前", "name"), ("名字", "last name"), ("苗字", "last name"),
    ("作成日時", "created at"), ("作成日", "created date"), ("登録日時", "created at"), ("登録日", "created date"),
    ("起票日", "created date"), ("発生日", "created date"), ("受付日時", "received at"), ("受付日", "received date"),
    ("受信日時", "received at"), ("受信日", "received date"), ("受領日", "received date"), ("送信日時", "submitted at"),
    ("申請日時", "submitted at"), ("申請日", "submitted date"), ("申込日", "submitted date"), ("依頼日", "request date"),
    ("請求日", "request date"), ("問い合わせ日時", "request date"), ("問い合わせ日", "request date"), ("更新日時", "updated at"),
    ("更新日", "updated date"), ("完了日時", "closed at"), ("完了日", "closed date"), ("期限", "due date"),
    ("タイムスタンプ", "timestamp"), ("日付", "date"), ("日時", "date"),
    ("管理番号", "reference number"), ("受付番号", "reference number"), ("整理番号", "reference number"), ("番号", "number"),
    ("チケット", "ticket"), ("お問い合わせ", "case"), ("問い合わせ", "case"), ("問合せ", "case"), ("案件", "case"), ("課題", "issue"),
    ("キー", "key"), ("請求種別", "request type"), ("依頼種別", "request type"), ("申請種別", "request type"),
    ("請求の種類", "request type"), ("請求内容", "request type"), ("種別", "type"), ("種類", "type"), ("区分", "type"), ("分類", "category"),
    ("カテゴリ", "category"), ("件名", "subject"), ("詳細", "details"), ("内容", "details"), ("国", "country"),
    ("対応状況", "status"), ("ステータス", "status"), ("状態", "status"), ("状況", "status"), ("進捗", "status"),
    ("未完了", "not completed"), ("未対応", "open"), ("未解決", "unresolved"), ("未処理", "open"), ("対応中", "in progress"),
    ("処理中", "in progress"), ("対応済み", "resolved"), ("対応済", "resolved"), ("処理済み", "done"), ("処理済", "done"),
    ("解決済み", "resolved"), ("解決済", "resolved"), ("解決", "resolved"), ("完了", "completed"), ("終了", "closed"),
    ("クローズ", "closed"), ("却下", "rejected"), ("取消", "cancelled"), ("キャンセル", "cancelled"), ("削除済み", "deleted"),
    ("削除済", "deleted"), ("申請", "request"), ("依頼", "request"), ("名", "name"),
    // Chinese
    ("电子邮箱", "email"), ("电子邮件", "email"), ("電子郵件", "email"), ("邮箱", "email"), ("邮件", "email"), ("手机号码", "phone number"),
    ("手机号", "phone number"), ("电话号码", "phone number"), ("電話號碼", "phone number"), ("手机", "mobile"), ("电话", "phone"),
    ("姓名", "full name"), ("申请人", "requester"), ("申請人", "requester"), ("请求者", "requester"), ("请求人", "requester"),
    ("客户", "customer"), ("客戶", "customer"), ("负责人", "owner"), ("負責人", "owner"), ("处理人", "handler"), ("经办人", "handler"),
    ("创建人", "creator"), ("建立者", "creator"), ("公司", "company"), ("创建时间", "created at"), ("创建日期", "created date"),
    ("建立時間", "created at"), ("建立日期", "created date"), ("提交时间", "submitted at"), ("提交日期", "submitted date"),
    ("接收日期", "received date"), ("收到日期", "received date"), ("申请日期", "request date"), ("申請日期", "request date"),
    ("工单编号", "ticket number"), ("工单号", "ticket number"), ("工單編號", "ticket number"), ("案件", "case"), ("编号", "number"), ("編號", "number"),
    ("请求类型", "request type"), ("状态", "status"), ("狀態", "status"), ("未完成", "not completed"), ("进行中", "in progress"),
    ("已关闭", "closed"), ("已完成", "completed"), ("已解决", "resolved"), ("已拒绝", "rejected"), ("已取消", "cancelled"),
    ("已删除", "deleted"), ("日期", "date"), ("姓", "last name"),
    // Korean
    ("이메일", "email"), ("전화번호", "phone number"), ("성명", "full name"), ("이름", "name"), ("요청자", "requester"), ("신청자", "requester"),
    ("고객", "customer"), ("담당자", "agent"), ("작성자", "creator"), ("회사", "company"), ("생성일시", "created at"), ("생성일", "created date"),
    ("작성일", "created date"), ("등록일", "created date"), ("접수일", "received date"), ("신청일", "request date"), ("요청일", "request date"),
    ("티켓", "ticket"), ("문의", "case"), ("민원", "case"), ("접수번호", "reference number"), ("번호", "number"), ("상태", "status"), ("진행 중", "in progress"), ("진행중", "in progress"),
    ("미완료", "not completed"), ("완료", "completed"), ("종료", "closed"), ("해결", "resolved"), ("취소", "cancelled"), ("반려", "rejected"),
    ("거절", "rejected"), ("삭제", "deleted"), ("요청 유형", "request type"),
    // Russian
    ("электронная почта", "email"), ("эл. почта", "email"), ("почта", "email"), ("телефон", "phone"), ("фио", "full name"), ("фамилия", "last name"),
    ("имя", "first name"), ("заявитель", "requester"), ("клиента", "customer"), ("клиент", "customer"), ("исполнитель", "agent"),
    ("ответственный", "agent"), ("автор", "creator"), ("компания", "company"), ("организация", "organization"),
    ("дата создания", "created date"), ("дата регистрации", "created date"), ("дата открытия", "created date"),
    ("дата поступления", "received date"), ("дата получения", "received date"), ("дата обращения", "request date"),
    ("дата заявки", "request date"), ("дата", "date"), ("номер", "number"), ("заявки", "ticket"), ("заявка", "ticket"), ("обращения", "case"),
    ("обращение", "case"), ("тикета", "ticket"), ("статус", "status"), ("состояние", "status"), ("в работе", "in progress"),
    ("закрыта", "closed"), ("закрыто", "closed"), ("закрыт", "closed"), ("решена", "resolved"), ("решено", "resolved"), ("решен", "resolved"),
    ("выполнена", "completed"), ("выполнено", "completed"), ("завершена", "completed"), ("завершено", "completed"), ("отклонена", "rejected"),
    ("отклонено", "rejected"), ("отменена", "cancelled"), ("отменено", "cancelled"), ("удалена", "deleted"), ("удалено", "deleted"),
];
/// Signs for a number, longest first.
const NUMBER_SIGNS: [&str; 8] = [
    "n.\u{ba}", "n.\u{b0}", "n\u{ba}", "n\u{b0}", "n.o ", "\u{2116}", "#", "\u{ff03}",
];

/// Returns a header or status with the terms of other scripts, and the signs for a number, as English words.
pub(crate) fn in_english(text: &str) -> Cow<'_, str> {
    let has_sign = text.contains(['#', '\u{ba}', '\u{b0}', '\u{2116}', '\u{ff03}']);
    if text.is_ascii() && !has_sign && !text.contains("n.o ") {
        return Cow::Borrowed(text);
    }
    let mut english = text.to_owned();
    if has_sign || english.contains("n.o ") {
        english = with_terms(&english, NUMBER_SIGNS.iter().map(|sign| (*sign, "number")));
    }
    if !text.chars().any(is_of_terms) {
        return Cow::Owned(english);
    }
    let composed = ComposingNormalizer::new_nfkc()
        .normalize(&english)
        .into_owned();
    Cow::Owned(with_terms(&composed, TERMS.iter().copied()))
}

/// Returns whether a letter belongs to one of the scripts of [`TERMS`].
const fn is_of_terms(c: char) -> bool {
    matches!(
        c,
        '\u{400}'..='\u{4ff}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}'
            | '\u{1100}'..='\u{11ff}' | '\u{ff66}'..='\u{ff9f}'
    )
}

/// Puts an English word, between spaces, in the place of each term; case makes no difference.
fn with_terms<'t>(text: &str, terms: impl Iterator<Item = (&'t str, &'t str)>) -> String {
    let terms: Vec<(&str, &str)> = terms.collect();
    let mut english = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let found = terms.iter().find_map(|(term, word)| {
            let length = length_of_term(rest, term)?;
            Some((length, *word))
        });
        if let Some((length, word)) = found {
            english.push(' ');
            english.push_str(word);
            english.push(' ');
            rest = &rest[length..];
        } else {
            english.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    english
}

/// Returns how many bytes of the text are the term, when it begins with it.
fn length_of_term(text: &str, term: &str) -> Option<usize> {
    let mut chars = text.char_indices();
    for wanted in term.chars() {
        let (_, found) = chars.next()?;
        if found != wanted && !found.to_lowercase().eq([wanted]) {
            return None;
        }
    }
    Some(chars.next().map_or(text.len(), |(at, _)| at))
}

/// The words of a text, in order.
pub(crate) fn words(text: &str) -> Vec<String> {
    let folded = folded(&apart(text)).into_owned();
    let plain: String = DecomposingNormalizer::new_nfd()
        .normalize(&folded)
        .chars()
        .filter(|c| !is_accent(*c))
        .collect();
    let mut words: Vec<String> = Vec::new();
    for word in plain.split(|c: char| !c.is_alphanumeric()) {
        match words.last_mut() {
            _ if word.is_empty() => {}
            Some(before) if before == "e" && word.starts_with("mail") => before.push_str(word),
            _ => words.push(word.to_owned()),
        }
    }
    words
}

/// Returns whether the words contain this phrase: its words, one after the other.
pub(crate) fn holds(words: &[String], phrase: &str) -> bool {
    let phrase: Vec<&str> = phrase.split(' ').collect();
    words.windows(phrase.len()).any(|found| found == phrase)
}

/// Returns whether the words are exactly this phrase.
pub(crate) fn are(words: &[String], phrase: &str) -> bool {
    words.iter().map(String::as_str).eq(phrase.split(' '))
}

/// Combining marks, as decomposition leaves them behind their letter.
pub(crate) const fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// `requesterEmail` as `requester Email`, `DSARType` as `DSAR Type`.
fn apart(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut apart = String::with_capacity(text.len() + 8);
    for (index, &c) in chars.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| chars[before]);
        let after = chars.get(index + 1);
        let begins = c.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_uppercase() && after.is_some_and(|after| after.is_lowercase())
            });
        // `E-Mails`, `IDs`: an `s` after capitals belongs to the word before it.
        let is_plural =
            after == Some(&'s') && chars.get(index + 2).is_none_or(|c| !c.is_alphanumeric());
        if begins && !is_plural {
            apart.push(' ');
        }
        apart.push(c);
    }
    apart
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(text: &str) -> String {
        words(text).join(" ")
    }

    #[test]
    fn headers_are_taken_apart_as_people_read_them() {
        assert_eq!(joined("E-Mail-Adresse"), "email adresse");
        assert_eq!(joined("SuppliedEmail"), "supplied email");
        assert_eq!(joined("requester.email"), "requester email");
        assert_eq!(joined("Prénom"), "prenom");
        assert_eq!(joined("DSARType__c"), "dsar type c");
        assert_eq!(joined("Date/Time\n Opened "), "date time opened");
        assert_eq!(joined("Größe LÖSCHUNG"), "grosse loschung");
        assert_eq!(joined("Ticket ID"), "ticket id");
        assert_eq!(joined("eMail"), "email");
    }

    #[test]
    fn terms_of_other_scripts_become_english_words() {
        for (text, english) in [
            ("作成日", "created date"),
            ("顧客メールアドレス", "customer email"),
            ("担当者名", "agent name"),
            ("チケット番号", "ticket number"),
            ("受付番号", "reference number"),
            ("未完了", "not completed"),
            ("创建时间", "created at"),
            ("티켓 번호", "ticket number"),
            ("Дата создания", "created date"),
            ("N\u{b0} TICKET", "number ticket"),
            ("N\u{ba} do Chamado", "number do chamado"),
            ("Ticket#", "ticket number"),
            ("№ обращения", "number case"),
            ("Plain header", "plain header"),
        ] {
            assert_eq!(joined(&in_english(text)), english, "{text}");
        }
    }

    #[test]
    fn words_are_compared_whole() {
        assert!(holds(&words("Requester email"), "email"));
        assert!(!holds(&words("Emailed on"), "email"));
        assert!(are(&words("Created-at"), "created at"));
        assert!(!are(&words("Created at (UTC)"), "created at"));
    }
}
