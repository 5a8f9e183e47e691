//! The webhook example over real TLS on a loopback port: what it answers, within which bounds, and how it
//! stops. The example's own modules are included, so that it is tested as `cargo test` finds it.

#[path = "../../examples/admission_webhook/answer.rs"]
mod answer;
#[path = "../../examples/admission_webhook/judge.rs"]
mod judge;
#[path = "../../examples/admission_webhook/routes.rs"]
mod routes;
#[path = "../../examples/admission_webhook/server.rs"]
mod server;
#[path = "../../examples/admission_webhook/signals.rs"]
mod signals;
#[path = "../../examples/admission_webhook/tls.rs"]
mod tls;
#[path = "../../examples/admission_webhook/warnings.rs"]
mod warnings;

mod answers;
mod bounds;
mod client;
mod stopping;
mod wording;
