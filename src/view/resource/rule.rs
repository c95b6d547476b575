//! Rules of the lint.

use crate::model::lint::Rule;
use crate::view::{Cell, Column, Details, Resource, TimeFormat};

impl Resource for Rule {
    const PLURAL: &'static str = "rules";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("code", |rule, _| Cell::text(Some(rule.code))),
        Column::<Self>::new("severity", |rule, _| Cell::text(Some(rule.severity.word())))
            .words(&["error", "warning"])
            .rank(1),
        Column::<Self>::new("title", |rule, _| Cell::text(Some(rule.title))).flexible(),
        Column::<Self>::new("explanation", |rule, _| Cell::text(Some(rule.explanation))).wide(),
        Column::<Self>::new("remedy", |rule, _| Cell::text(Some(rule.remedy))).wide(),
    ];

    fn id(&self) -> &str {
        self.code
    }

    fn details(&self, _: &TimeFormat) -> Details {
        let mut details = Details::default();
        details.field(self.code, &format!("{} ({})", self.title, self.severity.word()));
        details.field("Why", self.explanation);
        details.field("Do", self.remedy);
        details
    }
}
