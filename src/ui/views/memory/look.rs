//! How boxes of the landscape are drawn: what their colours tell, what is dimmed, and the legend that says so.

use std::collections::BTreeMap;
use std::sync::Arc;

use egui::Color32;

use crate::analysis::landscape::difference::{Difference, How};
use crate::analysis::landscape::kinds::waste;
use crate::analysis::landscape::{Kind, Member, Outside, Part};
use crate::analysis::status::Status;
use crate::model::document::StatusClass;
use crate::model::id::ComponentId;
use crate::model::time::Timestamp;
use crate::state::memory::{Colouring, Zoom};
use crate::ui::theme::Theme;

/// A change by this share of what was there has the full colour.
const FULL_GROWTH: f64 = 0.5;

/// Ages from here to there have colours of their own, by their logarithm.
const AGES_S: (f64, f64) = (10.0, 86_400.0);

/// Everything that decides how boxes look, beside the landscape itself.
#[derive(Clone, Default)]
pub struct Look {
    /// In the dark theme.
    pub dark: bool,
    /// The boxes zoomed into.
    pub zoom: Vec<Zoom>,
    /// What is searched for.
    pub search: String,
    /// What colours tell.
    pub colouring: Colouring,
    /// Of components.
    pub statuses: Arc<BTreeMap<ComponentId, Status>>,
    /// What changed, for the colours of growth and the difference.
    pub change: Option<Arc<Difference>>,
    /// Whether the boxes are amounts of change.
    pub difference: bool,
    /// The moment shown, which ages are told of.
    pub at: Option<Timestamp>,
}

/// What a box is filled with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paint {
    /// The colour.
    pub fill: Color32,
    /// Whether it has lines across: free, unknown or nobody's.
    pub hatched: bool,
}

impl Paint {
    /// Nearly the colour of the ground: it is not what was searched for.
    pub fn dimmed(self, dark: bool) -> Self {
        Self { fill: self.fill.lerp_to_gamma(Theme::of(dark).panel, 0.8), hatched: false }
    }
}

/// What is searched for, ready to be compared.
pub struct Query(String);

impl Query {
    /// Nothing is searched for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a name has it inside, whatever the case.
    pub fn matches(&self, name: &str) -> bool {
        if name.is_ascii() && self.0.is_ascii() {
            // Names come by the hundred thousand; most are plain.
            let (name, query) = (name.as_bytes(), self.0.as_bytes());
            return name.len() >= query.len()
                && (query.is_empty() || name.windows(query.len()).any(|part| part.eq_ignore_ascii_case(query)));
        }
        name.to_lowercase().contains(&self.0)
    }
}

impl Look {
    /// Whether boxes would be drawn just so.
    pub fn is_same(&self, other: &Look) -> bool {
        let same_change = match (&self.change, &other.change) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => true,
            _ => false,
        };
        let same_statuses = self.colouring != Colouring::Status || Arc::ptr_eq(&self.statuses, &other.statuses);
        (self.dark, self.difference, self.colouring, self.at)
            == (other.dark, other.difference, other.colouring, other.at)
            && self.zoom == other.zoom
            && self.search == other.search
            && same_change
            && same_statuses
    }

    /// What is searched for.
    pub fn query(&self) -> Query {
        Query(self.search.trim().to_lowercase())
    }

    fn theme(&self) -> &'static Theme {
        Theme::of(self.dark)
    }

    fn mixed(&self, colour: Color32, strength: f32) -> Paint {
        Paint { fill: self.theme().panel.lerp_to_gamma(colour, strength), hatched: false }
    }

    /// Nothing is told by its colour.
    pub fn neutral(&self) -> Paint {
        Paint { fill: self.theme().raised, hatched: false }
    }

    /// What belongs to no component.
    pub fn unattributed(&self) -> Paint {
        Paint { fill: self.theme().unknown.fill, hatched: true }
    }

    /// A component; with a strip for its name, or as one box.
    pub fn part(&self, part: &Part, has_header: bool) -> Paint {
        let strength = if has_header { 0.8 } else { 0.36 };
        match self.by_value(|| self.value_of_part(part)) {
            Some(colour) => self.mixed(colour, if has_header { 0.55 } else { 0.85 }),
            None => self.mixed(self.own_colour(part), strength),
        }
    }

    /// A member of a component.
    pub fn member(&self, part: &Part, member: &Member, is_even: bool) -> Paint {
        if member.is_rest() && !self.difference {
            return self.rest(part);
        }
        let even = if is_even { 0.0 } else { 0.1 };
        match self.by_value(|| self.value_of_member(part, member)) {
            Some(colour) => self.mixed(colour, 0.85 - even),
            None => self.mixed(self.own_colour(part), 0.40 - even),
        }
    }

    /// What is left of a component.
    pub fn rest(&self, part: &Part) -> Paint {
        match self.colouring {
            Colouring::Component | Colouring::Status if !self.difference => self.mixed(self.own_colour(part), 0.16),
            _ => self.neutral(),
        }
    }

    /// A kind of memory of a member: strong what is in use, pale and hatched what is free.
    pub fn slice(&self, part: &Part, member: &Member, kind: Kind) -> Paint {
        if self.colouring == Colouring::Waste {
            let share = if kind.is_slack() { 1.0 } else { 0.0 };
            return Paint { hatched: kind.is_slack(), ..self.mixed(self.theme().heat_colour(share), 0.85) };
        }
        let strength = match kind {
            Kind::HeapLive | Kind::Used => 0.56,
            Kind::OldLive => 0.66,
            Kind::Stack => 0.48,
            Kind::Fragments | Kind::Queue => 0.40,
            Kind::Structure => 0.28,
            Kind::HeapSlack | Kind::OldSlack | Kind::Free | Kind::Unknown => 0.12,
        };
        let colour = self.by_value(|| self.value_of_member(part, member)).unwrap_or_else(|| self.own_colour(part));
        Paint { hatched: strength < 0.2, ..self.mixed(colour, strength) }
    }

    /// What lies between the total and physical memory.
    pub fn outside(&self, outside: &Outside, is_even: bool) -> Paint {
        let theme = self.theme();
        if self.difference {
            let change = self.change.as_ref().and_then(|it| it.outside.iter().find(|(step, _)| *step == outside.step));
            return change.map_or(self.neutral(), |(_, change)| self.mixed(self.direction(change.how), 0.6));
        }
        Paint {
            fill: theme.panel.lerp_to_gamma(theme.unknown.stroke, if is_even { 0.34 } else { 0.24 }),
            hatched: true,
        }
    }

    /// The colour of a component, where values have none.
    fn own_colour(&self, part: &Part) -> Color32 {
        let theme = self.theme();
        match self.colouring {
            Colouring::Status if !self.difference => {
                theme.class(self.statuses.get(&part.component).map(|status| status.class)).stroke
            }
            _ => theme.series_colour(part.component.as_str()),
        }
    }

    /// The colour of a value, where colours tell values; of an unknown one the neutral one.
    fn by_value(&self, value: impl Fn() -> Option<Color32>) -> Option<Color32> {
        match self.colouring {
            Colouring::Component | Colouring::Status if !self.difference => None,
            _ => Some(value().unwrap_or(self.theme().unknown.fill)),
        }
    }

    fn value_of_part(&self, part: &Part) -> Option<Color32> {
        let changed = || self.change.as_ref().and_then(|change| change.part(&part.component));
        match self.colouring {
            _ if self.difference => Some(self.direction(changed()?.all.how)),
            Colouring::Growth => {
                self.change.as_ref()?;
                Some(changed().map_or(self.growth(1.0, 1.0, How::Same), |part| {
                    self.growth(part.all.before, part.all.after, part.all.how)
                }))
            }
            Colouring::Waste => Some(self.theme().heat_colour(waste(&part.kinds)? as f32)),
            _ => None,
        }
    }

    fn value_of_member(&self, part: &Part, member: &Member) -> Option<Color32> {
        let changed = |member: &Member| self.change.as_ref()?.members.get(&member.entity?).copied();
        match self.colouring {
            _ if self.difference && member.entity.is_none() => {
                let rest = self.change.as_ref()?.part(&part.component)?.members.last()?;
                Some(self.direction(rest.how))
            }
            _ if self.difference => Some(self.direction(changed(member)?.2)),
            Colouring::Growth => {
                let (before, after, how) = changed(member)?;
                Some(self.growth(before, after, how))
            }
            Colouring::Waste => Some(self.theme().heat_colour(member.waste()? as f32)),
            Colouring::Age => {
                let age_s = self.at?.seconds_since(member.started?);
                Some(self.age(age_s))
            }
            _ => None,
        }
    }

    fn age(&self, age_s: f64) -> Color32 {
        let share = (age_s.max(AGES_S.0) / AGES_S.0).ln() / (AGES_S.1 / AGES_S.0).ln();
        self.theme().heat_colour(share as f32)
    }

    /// From green through the ground to red.
    fn growth(&self, before: f64, after: f64, how: How) -> Color32 {
        let theme = self.theme();
        if how == How::New {
            return self.direction(How::New);
        }
        let share = ((after - before) / before.max(1.0) / FULL_GROWTH).clamp(-1.0, 1.0) as f32;
        let full = self.direction(if share > 0.0 { How::Grown } else { How::Shrunk });
        theme.raised.lerp_to_gamma(full, share.abs())
    }

    /// The colour of a direction of change.
    pub fn direction(&self, how: How) -> Color32 {
        let theme = self.theme();
        match how {
            How::Grown => theme.critical.stroke,
            How::Shrunk => theme.healthy.stroke,
            How::New => theme.optimization.stroke,
            How::Gone => theme.human.stroke,
            How::Same => theme.raised,
        }
    }

    /// What colours stand for: one by one, or a scale between two words.
    pub fn legend(&self) -> Legend {
        let theme = self.theme();
        let strong = |colour: Color32| self.mixed(colour, 0.85).fill;
        let unknown = |what: &str| (strong(theme.unknown.fill), what.to_owned());
        let scale = |low: &str, high: &str, colours: Vec<Color32>, others| Legend {
            scale: Some((low.to_owned(), colours.into_iter().map(strong).collect(), high.to_owned())),
            others,
        };
        let heat = || (0..=6).map(|step| theme.heat_colour(step as f32 / 6.0)).collect::<Vec<_>>();
        if self.difference {
            let hows = [How::Grown, How::Shrunk, How::New, How::Gone];
            let others = hows.map(|how| (strong(self.direction(how)), format!("{} {}", how.sign(), how.word())));
            return Legend { scale: None, others: others.to_vec() };
        }
        match self.colouring {
            Colouring::Component => Legend { scale: None, others: Vec::new() },
            Colouring::Status => {
                let classes = [StatusClass::Critical, StatusClass::Warning, StatusClass::Healthy];
                let class = |class: StatusClass| {
                    let fill = self.mixed(theme.class(Some(class)).stroke, 0.8).fill;
                    (fill, format!("{} {}", class.symbol(), class.word()))
                };
                let mut others: Vec<_> = classes.map(class).to_vec();
                others.push((self.mixed(theme.class(None).stroke, 0.8).fill, String::from("no status")));
                Legend { scale: None, others }
            }
            Colouring::Growth => {
                let step = |step: i32| self.growth(1.0, 1.0 + f64::from(step) / 3.0 * FULL_GROWTH, How::Grown);
                let others = vec![(strong(self.direction(How::New)), String::from("+ new")), unknown("not told then")];
                scale("−50 %", "+50 %", (-3..=3).map(step).collect(), others)
            }
            Colouring::Waste => scale("0 %", "100 % free", heat(), vec![unknown("not looked into")]),
            Colouring::Age => scale("10 s", "a day", heat(), vec![unknown("was there before")]),
        }
    }
}

/// What colours stand for.
pub struct Legend {
    /// Two words and the colours between them.
    pub scale: Option<(String, Vec<Color32>, String)>,
    /// Single colours.
    pub others: Vec<(Color32, String)>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::landscape::Slice;
    use crate::model::quantity::Quantity;
    use crate::model::unit::Unit;

    fn part(members: Vec<Member>) -> Part {
        Part::new("c".into(), String::from("C"), Quantity::measured(1.0, Unit::BYTES, "host", None), members)
    }

    #[test]
    fn a_query_is_found_anywhere_in_any_case() {
        let query = |text: &str| Look { search: text.to_owned(), ..Look::default() }.query();
        assert!(query(" SUP ").matches("kernel_sup") && !query("sup").matches("su"));
        assert!(query("größe").matches("Die GRÖSSE") || query("größe").matches("Die GRÖßE"));
        assert!(query("").is_empty() && query("").matches("anything"));
    }

    #[test]
    fn colours_tell_waste_and_age_and_what_is_not_known() {
        let wasteful = |free: f64| {
            let kinds = [(Kind::HeapLive, 100.0 - free), (Kind::HeapSlack, free)];
            let kinds = kinds.map(|(kind, bytes)| Slice { kind, bytes }).to_vec();
            Member { entity: Some(crate::model::entity::EntityId(1)), kinds, ..Member::new(String::from("p"), 100.0) }
        };
        let look = Look { colouring: Colouring::Waste, at: Some(Timestamp(100_000_000_000)), ..Look::default() };
        let owner = part(Vec::new());
        let colour = |look: &Look, member: &Member| look.member(&owner, member, true).fill;
        assert_ne!(colour(&look, &wasteful(90.0)), colour(&look, &wasteful(10.0)));
        let unknown = Member { kinds: Vec::new(), ..wasteful(0.0) };
        let legend = look.legend();
        assert!(legend.others.iter().any(|(fill, _)| *fill == colour(&look, &unknown)), "the legend has it");
        let look = Look { colouring: Colouring::Age, ..look };
        let born = |second: i64| Member { started: Some(Timestamp(second * 1_000_000_000)), ..wasteful(0.0) };
        assert_ne!(colour(&look, &born(0)), colour(&look, &born(99)));
        assert_eq!(colour(&look, &unknown), colour(&look, &Member { started: None, ..unknown.clone() }));
    }
}
