use serde_json::json;

use crate::server::Server;
use crate::wheel::{example, wandb};

#[test]
fn wandb_agent_drives_a_program() {
    let at = tempfile::tempdir().unwrap();
    let server = Server::start(at.path(), "");
    let command = json!([example(), "${args_no_hyphens}"]);
    let sweep = json!({"method": "grid", "parameters": {"rate": {"values": [0.1, 0.2]}}, "command": command});
    std::fs::write(at.path().join("sweep.yaml"), sweep.to_string()).unwrap();
    let told = wandb(at.path(), &server, &["sweep", "--project", "dots", "--entity", "me", "sweep.yaml"]);
    assert!(told.contains("wandb agent me/dots/sweep1"), "{told}");
    wandb(at.path(), &server, &["agent", "me/dots/sweep1"]);
    for (trial, rate) in [("trial1", 0.1_f64), ("trial2", 0.2)] {
        let known = server.run(trial).unwrap_or_else(|| panic!("the server does not know {trial}"));
        assert_eq!(
            (&known["asked"]["sweep"], &known["asked"]["project"]),
            (&json!("sweep1"), &json!("dots"))
        );
        assert_eq!((&known["complete"], &known["exitcode"]), (&json!(true), &json!(0)));
        assert_eq!(known["history"].as_array().unwrap().len(), 30);
        assert_eq!(known["summary"]["loss"], (1.0 - rate).powf(29.0));
        assert!(
            known["asked"]["config"].as_str().unwrap().contains(&format!(r#""rate":{{"value":{rate}}}"#))
        );
    }
}
