//! The pages of `umwelt serve` that ask trained models, by requests without a browser.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use crate::common::{SHAPES, TALK, idx, succeeds, train, umwelt};

/// A server over the runs below `runs`.
struct Server {
    process: Child,
    host: String,
    token: String,
    word: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    fn start(at: &Path) -> Self {
        let mut command = umwelt(at, &["serve", "runs", "--port", "0", "--token", "secret"]);
        let mut process = command.stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let link =
            lines.map_while(Result::ok).find_map(|line| Some(line.split_once("http://")?.1.to_owned()));
        let host = link.expect("an address is printed").split(['/', '?']).next().unwrap().to_owned();
        let mut server = Self { process, host, token: "secret".into(), word: String::new() };
        let (_, page) = server.send("GET", "/", "");
        let word = page.split_once("name=\"umwelt-word\" content=\"").unwrap().1;
        word.split('"').next().unwrap().clone_into(&mut server.word);
        server
    }

    /// The status and the body of an answer.
    fn send(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let Self { host, token, word, .. } = self;
        let mut stream = TcpStream::connect(host).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nConnection: close\r\n\
             Authorization: Bearer {token}\r\nX-Umwelt-Token: {word}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    fn open(&self, room: &str, run: &str) -> Value {
        let (status, body) = self.send("GET", &format!("/api/worlds/{room}/open?run={run}"), "");
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    }

    fn ask(&self, room: &str, run: &str, question: &Value) -> Value {
        let (status, body) =
            self.send("POST", &format!("/api/worlds/{room}/ask?run={run}"), &question.to_string());
        assert_eq!(status, 200, "{question}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// The error and the hint with which a request is refused.
    fn refused(&self, method: &str, path: &str, question: &Value) -> String {
        let (status, body) = self.send(method, path, &question.to_string());
        let refused: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(status, 400, "{body}");
        format!("{}; {}", refused["error"].as_str().unwrap(), refused["hint"].as_str().unwrap())
    }
}

/// A JSON value as numbers, with those of inner lists one after another.
fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(numbers).collect(),
        value => vec![value.as_f64().unwrap()],
    }
}

#[test]
fn trained_models_answer_on_their_pages() {
    let at = tempfile::tempdir().unwrap();
    succeeds(train(at.path(), &["output_path=runs/dots"]));
    idx::write(&at.path().join("digits"), 64, 20);
    let como = [
        "model_type=CoMo",
        "device=cpu",
        "dataset_batch_size=16",
        "como.data_path=digits",
        "como.epochs=1",
        "como.encoding_dim=16",
        "como.state_size=3",
        "como.num_heads=2",
        "como.collab_message_size=5",
        "como.collab_dec_depth=1",
        "output_path=runs/como",
    ];
    succeeds(umwelt(at.path(), &[&["train", "--values"], &como[..]].concat()));
    let gw = ["model_type=GW", "output_path=runs/gw"];
    succeeds(umwelt(at.path(), &[&["train", "--values"], SHAPES, &gw].concat()));
    let talking = ["talk.evaluate.channels=[core, fuser, no_cot]", "output_path=runs/talk"];
    succeeds(umwelt(at.path(), &[&["train", "--values"], TALK, &talking].concat()));
    let server = Server::start(at.path());
    dots(&server);
    agents(&server);
    workspace(&server);
    talk(&server);
    for (room, run) in [("dots", "como"), ("agents", "gw"), ("workspace", "dots"), ("talk", "gw")] {
        let error = server.refused("GET", &format!("/api/worlds/{room}/open?run={run}"), &Value::Null);
        let expected =
            format!("`{run}` is a run of another kind than this page shows; choose one of the runs");
        assert!(error.starts_with(&expected), "{error}");
    }
    std::fs::remove_dir_all(at.path().join("digits")).unwrap();
    std::fs::copy(at.path().join("runs/como/checkpoints/best.safetensors"), at.path().join("c")).unwrap();
    std::fs::rename(at.path().join("c"), at.path().join("runs/como/checkpoints/best.safetensors")).unwrap();
    let error = server.refused("GET", "/api/worlds/agents/open?run=como", &Value::Null);
    assert!(error.contains("como.data_path") && error.contains("umwelt data mnist"), "{error}");
}

fn dots(server: &Server) {
    let model = server.open("dots", "dots");
    let [low, high] = numbers(&model["walls"])[..] else { panic!("{model}") };
    assert!(low > 0.0 && high < 27.0 && model["steps"] == 4 && model["dots"] == 1, "{model}");
    for planner in ["sampling", "gradient"] {
        let question = json!({"start": 3, "target": [low, high], "planner": planner});
        let answer = server.ask("dots", "dots", &question);
        let [trip, believed] = ["trip", "believed"].map(|path| numbers(&answer[path]));
        assert_eq!((trip.len(), believed.len()), (10, 10), "five positions");
        assert!(trip.iter().all(|place| (low - 1e-3..=high + 1e-3).contains(place)), "{trip:?}");
        for step in trip.chunks(2).zip(trip[2..].chunks(2)) {
            assert!((step.1[0] - step.0[0]).hypot(step.1[1] - step.0[1]) < 4.0 + 1e-3, "{trip:?}");
        }
        for (path, miss) in [(&trip, "miss"), (&believed, "believed_miss")] {
            let expected = (path[8] - low).hypot(path[9] - high);
            assert!((answer[miss].as_f64().unwrap() - expected).abs() < 1e-4, "{answer}");
        }
        let frame = numbers(&answer["frame"]);
        assert!(frame.len() == 784 && frame.contains(&0.0) && frame.contains(&255.0));
        assert_eq!(server.ask("dots", "dots", &question), answer, "one question has one answer");
    }
    let wrong = |question: Value| server.refused("POST", "/api/worlds/dots/ask?run=dots", &question);
    let start = wrong(json!({"start": 32, "target": [low, low], "planner": "sampling"}));
    assert_eq!(start, "there is no start 32; choose one below 32");
    let outside = wrong(json!({"start": 0, "target": [1e300, low], "planner": "sampling"}));
    assert!(outside.contains("is outside the walls; choose numbers from"), "{outside}");
    assert!(
        wrong(json!({"start": 0, "target": [low], "planner": "sampling"})).ends_with("load the page again")
    );
    assert!(wrong(json!({"start": 0, "target": [low, low], "planner": "luck"})).contains("luck"));
}

fn agents(server: &Server) {
    let model = server.open("agents", "como");
    assert_eq!((&model["agents"], &model["strips"]), (&json!(2), &json!(2)));
    assert_eq!(numbers(&model["messages"]["deviations"]).len(), 10, "two messages of five numbers");
    let pixels = model["digits"][0]["pixels"].clone();
    let question = |gains: [f64; 2], changes: Value| json!({"pixels": pixels, "hidden": [false, false], "gains": gains, "changes": changes});
    let ask = |gains, changes| server.ask("agents", "como", &question(gains, changes));
    let drawn =
        |answer: &Value, row: usize, agent: usize| numbers(&answer["rows"][row]["agents"][agent]["pixels"]);
    let plain = ask([1.0, 1.0], json!([]));
    let names: Vec<&Value> = plain["rows"].as_array().unwrap().iter().map(|row| &row["name"]).collect();
    assert_eq!(names, ["with", "without", "silent"]);
    assert_eq!(plain["sent"], plain["received"]);
    let own = numbers(&pixels);
    for agent in 0..2 {
        let drawn = drawn(&plain, 0, agent);
        let seen = |place: &usize| (place % 28 < 14) == (agent == 0);
        assert!((0..784).filter(seen).all(|place| drawn[place] == own[place]), "an agent's own strip stays");
        let error =
            (0..784).filter(|place| !seen(place)).map(|place| ((drawn[place] - own[place]) / 255.0).powi(2));
        let mse = plain["rows"][0]["agents"][agent]["mse"].as_f64().unwrap();
        assert!((mse - error.sum::<f64>() / 392.0).abs() < 4e-3, "{mse}");
    }
    let silent = ask([0.0, 0.0], json!([]));
    assert_eq!(drawn(&silent, 0, 0), drawn(&plain, 1, 0), "a message times 0 is none");
    let changed = ask([1.0, 1.0], json!([[0, 2, 30.0]]));
    assert_eq!(numbers(&changed["received"][0])[2], 30.0);
    assert_eq!(drawn(&changed, 0, 0), drawn(&plain, 0, 0), "an agent does not read its own message");
    assert_ne!(drawn(&changed, 0, 1), drawn(&plain, 0, 1));
    let wrong = |question: Value| server.refused("POST", "/api/worlds/agents/ask?run=como", &question);
    let with = |key: &str, value: Value| {
        let mut question = question([1.0, 1.0], json!([]));
        question[key] = value;
        question
    };
    let hidden = server.ask("agents", "como", &with("hidden", json!([false, true])));
    assert!((0..784).filter(|at| at % 28 >= 14).all(|at| drawn(&hidden, 0, 1)[at] == 0.0), "it sees nothing");
    let [mse, other] =
        [&hidden, &plain].map(|answer| answer["rows"][1]["agents"][0]["mse"].as_f64().unwrap());
    assert_eq!(mse, other, "without messages, agent 0 completes the same digit as before");
    assert!(wrong(with("pixels", json!([1]))).starts_with("a digit has 784 pixels"));
    assert!(wrong(with("gains", json!([1, 1e99]))).starts_with("gains must be 2"));
    assert!(wrong(with("hidden", json!([true]))).starts_with("hidden must be 2"));
    for change in [json!([[2, 0, 1.0]]), json!([[0, 5, 1.0]]), json!([[0, 0, 1e9]])] {
        let error = wrong(with("changes", change));
        assert!(error.starts_with("no message has"), "{error}");
    }
}

fn workspace(server: &Server) {
    let model = server.open("workspace", "gw");
    assert_eq!(model["domains"], json!(["v", "attr", "t"]));
    assert_eq!(model["size"], json!([7, 14]));
    let shape = json!({
        "class": 2, "x": 10.0, "y": 20.0, "size": 9.0, "rotation": 90.0,
        "hue": 60, "lightness": 128, "saturation": 255, "wording": 1,
    });
    let answer = server.ask("workspace", "gw", &shape);
    let truth = &answer["truth"];
    assert_eq!((&truth["shape"]["class"], &truth["shape"]["rgb"]), (&json!("triangle"), &json!([1, 255, 1])));
    let picture = numbers(&truth["picture"]);
    assert_eq!(picture.len(), 3 * 32 * 32);
    // y points up: the centre lies in row 32 - 20.
    let place = 3 * (32 * 12 + 10);
    assert_eq!(picture[place..place + 3], [1.0, 255.0, 1.0]);
    for source in answer["sources"].as_array().unwrap() {
        let said = source["to"].as_array().unwrap();
        let ways: Vec<_> = said.iter().map(|said| (said["to"].as_str(), said["through"].as_str())).collect();
        let from = source["from"].as_str().unwrap();
        let others = ["v", "attr", "t"].into_iter().filter(|domain| *domain != from);
        let back = others.map(|through| (Some(from), Some(through)));
        let expected: Vec<_> =
            ["v", "attr", "t"].map(|to| (Some(to), None)).into_iter().chain(back).collect();
        assert_eq!(ways, expected);
        for said in said {
            match said["to"].as_str() {
                Some("v") => assert_eq!(numbers(&said["picture"]).len(), 3072),
                Some("attr") => assert!(said["shape"]["size"].is_number()),
                _ => assert!(said["caption"].as_str().unwrap().len() > 10),
            }
        }
    }
    let mut large = shape.clone();
    large["size"] = json!(33);
    let error = server.refused("POST", "/api/worlds/workspace/ask?run=gw", &large);
    assert_eq!(error, "size is 33; choose from 1 to 32");
    let mut other = shape;
    other["wording"] = json!(2);
    assert_ne!(server.ask("workspace", "gw", &other)["truth"]["caption"], truth["caption"]);
}

fn talk(server: &Server) {
    // The stages of the run have no receiver to ask, and are not listed.
    let (_, listed) = server.send("GET", "/api/worlds/talk/runs", "");
    assert_eq!(serde_json::from_str::<Value>(&listed).unwrap()["total"], 1, "{listed}");
    let model = server.open("talk", "talk");
    assert_eq!(model["task"], "ChainMath");
    assert_eq!(model["splits"][1]["name"], "unseen");
    assert_eq!(model["splits"][0]["groups"].as_array().unwrap().len(), 4);
    let channels: Vec<&str> =
        model["channels"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    for (channel, is_here) in
        [("latent_k_2", true), ("fuser", true), ("no_cot", true), ("latent_k_8", false), ("cot_full", false)]
    {
        assert_eq!(channels.contains(&channel), is_here, "{channel}: {channels:?}");
    }
    let question = |channel: &str| json!({"split": "seen", "number": 3, "channel": channel});
    for channel in &channels {
        let answer = server.ask("talk", "talk", &question(channel));
        assert_eq!(answer["id"], "chainmath/seen/3", "{channel}");
        assert_eq!(answer["turns"].as_array().unwrap().len(), 1);
        let rows = answer["rows"].as_array().unwrap();
        let is_cached = channel.starts_with("kv");
        assert!(is_cached || answer["positions"] == rows.len(), "{channel}: {answer}");
    }
    let answer = server.ask("talk", "talk", &question("latent_k_4"));
    let rows = answer["rows"].as_array().unwrap();
    assert_eq!((rows.len(), &answer["positions"]), (4, &json!(4)));
    for (at, row) in rows.iter().enumerate() {
        let hidden = &row["hidden"];
        assert_eq!(hidden["cosine"].is_null(), at == 0, "the first row has none before it");
        let shares = numbers(&json!(
            hidden["sender"].as_array().unwrap().iter().map(|near| &near[1]).collect::<Vec<_>>()
        ));
        assert!(shares.len() == 5 && shares.is_sorted_by(|a, b| a >= b) && shares[0] <= 1.0, "{shares:?}");
    }
    let text = server.ask("talk", "talk", &question("text"));
    let tokens: Vec<&str> =
        text["rows"].as_array().unwrap().iter().map(|row| row["token"].as_str().unwrap()).collect();
    assert_eq!(text["senders"][0]["plan"].as_str().unwrap().split_whitespace().collect::<Vec<_>>(), tokens);
    // The message of the next problem is its own.
    let next = server.ask("talk", "talk", &json!({"split": "seen", "number": 0, "channel": "text"}));
    assert_eq!(server.ask("talk", "talk", &question("cross_text"))["rows"], next["rows"]);
    let wrong = |question: Value| server.refused("POST", "/api/worlds/talk/ask?run=talk", &question);
    let changed = |key: &str, value: Value| {
        let mut question = question("text");
        question[key] = value;
        question
    };
    assert_eq!(wrong(changed("number", json!(4))), "there is no problem 4; choose one below 4");
    assert!(wrong(changed("channel", json!("telepathy"))).starts_with("there is no channel `telepathy`"));
    assert!(wrong(changed("split", json!("training"))).starts_with("there is no split `training`"));
    assert!(wrong(changed("number", json!(-1))).contains("load the page again"));
}
