//! The Map and the Roadmap as a user meets them, through what a screen reader sees.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use egui::accesskit::Role;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;

use vivarium::analysis::map_layout::{box_size, lay_out};
use vivarium::analysis::status::statuses;
use vivarium::model::document::{
    Claim, ClassAssignment, Component, ComponentKind, Decision, DecisionKind, DecisionState, Document, Edge, EdgeKind,
    Group, Horizon, Lane, Opportunity, OpportunityState, Risk, StatusClass,
};
use vivarium::model::quantity::Value;
use vivarium::state::command::{Command, DecisionEdit, DocumentCommand, NavigateCommand, OpportunityEdit};
use vivarium::state::{Selection, SessionInfo, SessionKind, State, ViewId};
use vivarium::ui::{theme, views};

fn document() -> Document {
    let mut document = Document::new("Test");
    document.groups.push(Group { id: "g".into(), title: "Landscape".to_owned(), parent: None });
    for (id, title) in [("pool", "Agent pool"), ("queues", "Message queues"), ("flow", "Allocation")] {
        let mut component = Component::new(id.into(), title, ComponentKind::System);
        component.group = (id != "flow").then(|| "g".into());
        document.components.push(component);
    }
    document.edges.push(Edge {
        item: "E1".into(),
        from: "pool".into(),
        to: "flow".into(),
        label: "High allocation".to_owned(),
        kind: EdgeKind::Flow,
    });
    document.class_assignments.push(ClassAssignment {
        item: "K1".into(),
        class: StatusClass::Critical,
        components: vec!["pool".into()],
    });
    document.horizons.push(Horizon {
        id: "near".into(),
        title: "Quick wins".to_owned(),
        component: None,
        lane: Lane::Near,
        weeks: (1.0, 2.0),
        risk: Some(Risk::Low),
        risk_item: None,
        risk_note: None,
        combined: Vec::new(),
    });
    document.opportunities.push(Opportunity {
        id: "limits".into(),
        item: None,
        title: "Queue limits".to_owned(),
        about: String::new(),
        horizon: "near".into(),
        component: Some("queues".into()),
        claims: vec![Claim {
            item: "Q2".into(),
            label: "Memory".to_owned(),
            value: Value::Exact(-50.0),
            is_level: false,
            unit: "MB".parse().unwrap(),
            metric: None,
            statistic: Default::default(),
        }],
        effort_h: None,
        risk: None,
        state: OpportunityState::Proposed,
        depends_on: Vec::new(),
    });
    let decision = |id: &str, question: &str, state| Decision {
        id: id.into(),
        item: None,
        question: question.to_owned(),
        kind: DecisionKind::Question,
        about: Some("pool".into()),
        options: Vec::new(),
        state,
        window_weeks: None,
        by: String::new(),
        at: String::new(),
        why: String::new(),
        revisit: String::new(),
    };
    document.decisions.push(decision("later", "Archive old state?", DecisionState::Deferred));
    document.decisions.push(decision("pooling", "Pool the agents?", DecisionState::Open));
    document
}

fn foundation() -> Document {
    let options = ron::Options::default().with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME);
    options.from_str(include_str!("../sessions/foundation.ron")).unwrap()
}

fn state(document: Document, view: ViewId) -> State {
    let session = SessionInfo {
        title: document.title.clone(),
        kind: SessionKind::Stated,
        source: "test.ron".to_owned(),
        path: None,
        span: None,
        entities: Arc::new(Vec::new()),
        warnings: Vec::new(),
        values: 0,
        bytes: 0,
    };
    let mut state = State { session: Some(session), view, ..State::default() };
    state.statuses = Arc::new(statuses(&document, |_, _| None));
    state.answers.map_layout = Some(Arc::new(lay_out(&document, box_size)));
    state.document = Arc::new(document);
    state
}

/// The view of a state in a window; selecting is carried out, and every command is noted.
struct Window {
    harness: Harness<'static, State>,
    commands: Rc<RefCell<Vec<Command>>>,
}

impl Window {
    fn of(state: State) -> Self {
        let commands: Rc<RefCell<Vec<Command>>> = Rc::default();
        let noted = commands.clone();
        let ui = move |ui: &mut egui::Ui, state: &mut State| {
            let mut commands = Vec::new();
            views::find(state.view).ui(state, ui, &mut commands);
            for command in &commands {
                if let Command::Navigate(NavigateCommand::Select(selection)) = command {
                    state.selection = selection.clone();
                }
            }
            noted.borrow_mut().extend(commands);
        };
        let builder = Harness::builder().with_size([900.0, 700.0]).with_context_setup(theme::apply);
        Self { harness: builder.build_ui_state(ui, state), commands }
    }

    fn click(&mut self, label: &str) {
        self.harness.get_by_label(label).click();
        self.harness.run();
    }

    fn took(&self, command: impl Into<Command>) -> bool {
        self.commands.borrow().contains(&command.into())
    }

    fn choose(&mut self, combo: &str, option: &str) {
        self.harness.get_by_role_and_label(Role::ComboBox, combo).click();
        self.harness.run();
        self.harness.get_by_role_and_label(Role::Button, option).click();
        self.harness.run();
    }

    fn type_into(&mut self, field: &str, role: Role, text: &str) {
        self.harness.get_by_role_and_label(role, field).focus();
        self.harness.run();
        self.harness.get_by_role_and_label(role, field).type_text(text);
        self.harness.run();
    }
}

#[test]
fn a_box_tells_its_status_and_is_selected_by_a_click() {
    let mut window = Window::of(state(document(), ViewId::Map));
    window.click("Agent pool, critical");
    assert!(window.took(NavigateCommand::Select(Some(Selection::Component("pool".into())))));
    window.harness.get_by_label("Message queues, no status");
}

#[test]
fn an_arrow_is_selected_by_its_label() {
    let mut window = Window::of(state(document(), ViewId::Map));
    window.click("High allocation, from Agent pool to Allocation");
    assert!(window.took(NavigateCommand::Select(Some(Selection::Edge(0)))));
}

#[test]
fn zooming_in_leaves_out_what_is_off_the_screen() {
    let mut window = Window::of(state(foundation(), ViewId::Map));
    let boxes = |window: &Window| window.harness.query_all_by_label_contains(", critical").count();
    window.click("Show the whole map");
    let all = boxes(&window);
    for _ in 0..12 {
        window.click("Zoom in");
    }
    assert!(boxes(&window) < all);
    window.click("Show the whole map");
    assert_eq!(boxes(&window), all);
}

#[test]
fn an_empty_session_says_what_a_map_needs() {
    let window = Window::of(state(Document::new("Empty"), ViewId::Map));
    window.harness.get_by_label("No map");
}

#[test]
fn the_bundled_map_has_a_box_for_each_component() {
    let document = foundation();
    let titles: Vec<String> = document.components.iter().map(|component| component.title.clone()).collect();
    let mut window = Window::of(state(document, ViewId::Map));
    window.click("Show the whole map");
    for title in titles {
        assert!(window.harness.query_all_by_label_contains(&title).next().is_some(), "{title}");
    }
}

#[test]
fn a_card_is_selected_and_its_state_is_changed() {
    let mut window = Window::of(state(document(), ViewId::Roadmap));
    window.click("Queue limits, proposed, Quick wins");
    assert!(window.took(NavigateCommand::Select(Some(Selection::Opportunity("limits".into())))));
    window.choose("State", "planned");
    let planned = OpportunityEdit::State(OpportunityState::Planned);
    assert!(window.took(DocumentCommand::EditOpportunity("limits".into(), planned)));
    window.choose("Risk", "high");
    let risk = OpportunityEdit::Risk(Some(Risk::High));
    assert!(window.took(DocumentCommand::EditOpportunity("limits".into(), risk)));
    window.click("Estimate the effort");
    let effort = OpportunityEdit::EffortHours(Some(8.0));
    assert!(window.took(DocumentCommand::EditOpportunity("limits".into(), effort)));
}

#[test]
fn typing_a_title_is_one_step_that_ends_with_the_focus() {
    let mut state = state(document(), ViewId::Roadmap);
    state.selection = Some(Selection::Opportunity("limits".into()));
    let mut window = Window::of(state);
    window.type_into("Title", Role::TextInput, "!");
    let titles = |command: &Command| match command {
        Command::Document(DocumentCommand::EditOpportunity(_, OpportunityEdit::Title(title))) => Some(title.clone()),
        _ => None,
    };
    let typed: Vec<String> = window.commands.borrow().iter().filter_map(titles).collect();
    assert!(typed.iter().any(|title| title.contains('!') && title.contains("Queue limits")), "{typed:?}");
    assert!(!window.took(DocumentCommand::Seal));
    window.harness.key_press(egui::Key::Tab);
    window.harness.run();
    assert!(window.took(DocumentCommand::Seal));
}

#[test]
fn opportunities_are_added_and_removed() {
    let mut window = Window::of(state(document(), ViewId::Roadmap));
    window.click("Add an opportunity to Quick wins");
    assert!(window.took(DocumentCommand::AddOpportunity("near".into())));
    window.click("Queue limits, proposed, Quick wins");
    window.click("Remove this opportunity");
    assert!(window.took(DocumentCommand::RemoveOpportunity("limits".into())));
    assert_eq!(window.harness.state().selection, None);
}

#[test]
fn a_decision_is_made_with_its_reason() {
    let mut window = Window::of(state(document(), ViewId::Roadmap));
    window.click("Pool the agents?, open");
    window.choose("State", "accepted");
    let accepted = DecisionEdit::State(DecisionState::Accepted);
    assert!(window.took(DocumentCommand::EditDecision("pooling".into(), accepted)));
    window.type_into("Why", Role::MultilineTextInput, "cheap");
    let why = DecisionEdit::Why("cheap".to_owned());
    assert!(window.took(DocumentCommand::EditDecision("pooling".into(), why)));
    window.click("Remove this decision");
    assert!(window.took(DocumentCommand::RemoveDecision("pooling".into())));
}

#[test]
fn open_decisions_come_first_and_can_be_filtered() {
    let mut window = Window::of(state(document(), ViewId::Roadmap));
    let top = |window: &Window, label: &str| window.harness.get_by_label(label).rect().top();
    assert!(top(&window, "Pool the agents?, open") < top(&window, "Archive old state?, deferred"));
    window.choose("Show", "deferred (1)");
    assert!(window.harness.query_by_label("Pool the agents?, open").is_none());
    window.harness.get_by_label("Archive old state?, deferred");
}

#[test]
fn an_opportunity_without_a_horizon_does_not_vanish() {
    let mut document = document();
    document.horizons.clear();
    let window = Window::of(state(document, ViewId::Roadmap));
    window.harness.get_by_label("Queue limits, proposed, no horizon");
}

#[test]
fn an_empty_roadmap_says_how_to_begin() {
    let mut window = Window::of(state(Document::new("Empty"), ViewId::Roadmap));
    window.harness.get_by_label("No roadmap yet");
    window.click("Add a decision");
    assert!(window.took(DocumentCommand::AddDecision));
}
