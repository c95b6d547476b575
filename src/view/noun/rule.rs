//! Rules of the lint.

use crate::model::lint::Rule;
use crate::view::{Cell, Column, Look, Noun, Sheet};

impl Noun for Rule {
    const PLURAL: &'static str = "rules";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("code", |rule, _| Cell::text(Some(rule.code))),
        Column::<Self>::new("severity", |rule, _| Cell::text(Some(rule.severity.word()))),
        Column::<Self>::new("title", |rule, _| Cell::text(Some(rule.title))),
        Column::<Self>::new("explanation", |rule, _| Cell::text(Some(rule.explanation))).wide(),
        Column::<Self>::new("remedy", |rule, _| Cell::text(Some(rule.remedy))).wide(),
    ];

    fn id(&self) -> &str {
        self.code
    }

    fn sheet(&self, _: &Look) -> Sheet {
        let mut sheet = Sheet::default();
        sheet.always(self.code, &format!("{} ({})", self.title, self.severity.word()));
        sheet.always("Why", self.explanation);
        sheet.always("Do", self.remedy);
        sheet
    }
}
