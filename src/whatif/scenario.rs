//! A set of settings, each a knob of a component with its value.

use crate::model::id::ComponentId;

use super::knob::{KNOBS, Knob, KnobValue};

/// Where a setting applies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// `*`: every component that the knob can be set of.
    All,
    /// One component.
    Component(ComponentId),
}

impl Place {
    /// Whether the component is meant.
    pub fn includes(&self, component: &ComponentId) -> bool {
        match self {
            Place::All => true,
            Place::Component(id) => id == component,
        }
    }
}

/// One setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Where.
    pub place: Place,
    /// Which knob.
    pub knob: &'static Knob,
    /// To what.
    pub value: KnobValue,
}

impl Setting {
    /// Reads `PATH=VALUE`, e.g. `agents.gc.fullsweep_after=20` or `*.gc.min_heap_words=2000`; of a knob without a component
    /// (`heap.max_bytes=…`) all are meant.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (path, value) =
            text.split_once('=').ok_or_else(|| format!("\"{text}\" is no setting: it is PATH=VALUE"))?;
        let (path, value) = (path.trim(), value.trim());
        let found = KNOBS.iter().find_map(|knob| {
            let before = path.strip_suffix(knob.path)?;
            match before {
                "" => Some((knob, "*")),
                _ => Some((knob, before.strip_suffix('.')?)),
            }
        });
        let (knob, component) = found.ok_or_else(|| {
            let known: Vec<_> = KNOBS.iter().map(|knob| knob.path).collect();
            format!("\"{path}\" is no knob: it is COMPONENT.KNOB, KNOB being one of {}", known.join(", "))
        })?;
        let place = match component {
            "*" => Place::All,
            id => Place::Component(id.into()),
        };
        Ok(Self { place, knob, value: knob.parse(value)? })
    }

    /// Its path, e.g. `agents.gc.fullsweep_after`.
    pub fn path(&self) -> String {
        match &self.place {
            Place::All => format!("*.{}", self.knob.path),
            Place::Component(id) => format!("{id}.{}", self.knob.path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_read_from_its_path_and_value() {
        let setting = Setting::parse("app:shop.agents.gc.fullsweep_after = 20").unwrap();
        assert_eq!(setting.place, Place::Component("app:shop.agents".into()));
        assert_eq!((setting.knob.path, setting.value), ("gc.fullsweep_after", KnobValue::Number(20.0)));
        assert_eq!(setting.path(), "app:shop.agents.gc.fullsweep_after");
        assert_eq!(Setting::parse("heap.max_bytes=2000000").unwrap().place, Place::All);
        assert_eq!(Setting::parse("*.queue.limit=none").unwrap().value, KnobValue::Unlimited);
        assert!(Setting::parse("agents.gc.fullsweep=20").unwrap_err().contains("gc.fullsweep_after"));
        assert!(Setting::parse("agents.gc.fullsweep_after").unwrap_err().contains("PATH=VALUE"));
    }
}
