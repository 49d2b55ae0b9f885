//! Changes of components: new ones, their names, and which entities belong to them.

use super::free_id;
use crate::model::document::{Component, ComponentKind, Selector};
use crate::model::id::ComponentId;
use crate::state::command::ComponentEdit;
use crate::state::{Selection, State};

/// Adds a component and selects it: an empty one, or one that the source found.
pub fn add(state: &mut State, found: Option<&ComponentId>) -> bool {
    let new = match found {
        Some(id) => {
            let Some(component) = state.discovered.iter().find(|component| &component.id == id) else { return false };
            Component { selectors: vec![selector_of(id, &component.title)], ..component.clone() }
        }
        None => {
            let taken = |id: &str| state.components().any(|component| component.id.as_str() == id);
            let id = ComponentId(free_id("component", taken));
            Component::new(id, "New component", ComponentKind::System)
        }
    };
    let id = new.id.clone();
    let changed = super::edit(state, "add a component", None, |document| document.components.push(new));
    state.selection = Some(Selection::Component(id));
    changed
}

/// Changes one field.
pub fn edit(state: &mut State, id: &ComponentId, change: ComponentEdit) -> bool {
    let (title, typed) = match &change {
        ComponentEdit::Title(_) => ("name a component", true),
        ComponentEdit::Selectors { typed, .. } => ("change who belongs to a component", *typed),
    };
    let merge_key = typed.then(|| format!("{title} {id}"));
    super::edit(state, title, merge_key, |document| {
        let Some(component) = document.components.iter_mut().find(|component| &component.id == id) else { return };
        match change {
            ComponentEdit::Title(title) => component.title = title,
            ComponentEdit::Selectors { selectors, .. } => component.selectors = selectors,
        }
    })
}

/// Finds those who fall into a component that a source has found, by what its id is made of.
fn selector_of(id: &ComponentId, title: &str) -> Selector {
    match id.as_str().split_once(':') {
        Some(("app", application)) => {
            Selector { attributes: vec![("application".to_owned(), application.to_owned())], ..Selector::default() }
        }
        _ => Selector { name: Some(title.to_owned()), ..Selector::default() },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_found_component_is_taken_into_the_document_with_those_who_belong_to_it() {
        let found = Component::new("app:shop".into(), "shop", ComponentKind::System);
        let mut state = State { discovered: Arc::new(vec![found]), ..State::default() };
        assert!(add(&mut state, Some(&"app:shop".into())));
        let component = state.document.component(&"app:shop".into()).unwrap();
        assert_eq!(component.selectors[0].attributes, [("application".to_owned(), "shop".to_owned())]);
        assert_eq!(state.selection, Some(Selection::Component("app:shop".into())));
        assert!(!add(&mut state, Some(&"app:other".into())));
    }

    #[test]
    fn typing_into_a_selector_is_one_step_of_undo() {
        let mut state = State::default();
        assert!(add(&mut state, None));
        let id = ComponentId::from("component-1");
        for name in ["a", "ag", "age"] {
            let selectors = vec![Selector { name: Some(name.to_owned()), ..Selector::default() }];
            assert!(edit(&mut state, &id, ComponentEdit::Selectors { selectors, typed: true }));
        }
        let before = state.history.undo(state.document.clone()).unwrap();
        assert_eq!(before.component(&id).unwrap().selectors, []);
        assert_eq!(before.component(&id).unwrap().title, "New component");
    }
}
