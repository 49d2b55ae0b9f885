//! Names of things in a document, as types, so that a component is never looked up by an opportunity's id.

use serde::{Deserialize, Serialize};

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id_type! {
    /// The number of one statement of the document that a session was made from, e.g. `M-AgentPool.04`.
    ItemId
}
id_type! {
    /// A box of the system map, e.g. `M-AgentPool`; for components found by a source, e.g. `exe:postgres`.
    ComponentId
}
id_type! {
    /// A container of the system map, e.g. `M-G03`.
    GroupId
}
id_type! {
    /// A possible improvement.
    OpportunityId
}
id_type! {
    /// A question put to the human.
    DecisionId
}
id_type! {
    /// A lane of the roadmap.
    HorizonId
}
id_type! {
    /// A set of settings tried in thought.
    ScenarioId
}
id_type! {
    /// One optimization on its way through the pipeline.
    RunId
}
id_type! {
    /// Who takes part in a pipeline run.
    ParticipantId
}
