//! What is said to wandb-core over its socket, as far as following a log needs it.

use prost::{Message, Oneof};

#[derive(Clone, PartialEq, Message)]
pub struct Request {
    #[prost(string, tag = "10")]
    pub request_id: String,
    #[prost(oneof = "Ask", tags = "7,11,12,13")]
    pub ask: Option<Ask>,
}

#[derive(Clone, PartialEq, Oneof)]
pub enum Ask {
    #[prost(message, tag = "7")]
    Teardown(Teardown),
    #[prost(message, tag = "11")]
    InitSync(InitSync),
    #[prost(message, tag = "12")]
    Sync(Sync),
    #[prost(message, tag = "13")]
    Status(Operation),
}

#[derive(Clone, PartialEq, Message)]
pub struct Response {
    #[prost(string, tag = "10")]
    pub request_id: String,
    #[prost(oneof = "Answer", tags = "11,12,13,200")]
    pub answer: Option<Answer>,
}

#[derive(Clone, PartialEq, Oneof)]
pub enum Answer {
    #[prost(message, tag = "11")]
    InitSync(Operation),
    #[prost(message, tag = "12")]
    Sync(Synced),
    #[prost(message, tag = "13")]
    Status(Status),
    #[prost(message, tag = "200")]
    Refused(Refused),
}

#[derive(Clone, Copy, PartialEq, Message)]
pub struct Teardown {}

#[derive(Clone, PartialEq, Message)]
pub struct InitSync {
    #[prost(string, repeated, tag = "1")]
    pub path: Vec<String>,
    #[prost(message, optional, tag = "2")]
    pub settings: Option<CoreSettings>,
    /// Waits for more at the end of a log that has no exit.
    #[prost(bool, tag = "6")]
    pub live: bool,
}

#[derive(Clone, PartialEq, Message)]
pub struct Operation {
    #[prost(string, tag = "1")]
    pub id: String,
}

/// Answered at the end of the upload.
#[derive(Clone, PartialEq, Message)]
pub struct Sync {
    #[prost(string, tag = "1")]
    pub id: String,
    /// How many logs at a time; with 0 core waits for ever.
    #[prost(uint32, tag = "2")]
    pub parallelism: u32,
}

#[derive(Clone, PartialEq, Message)]
pub struct Synced {
    #[prost(message, repeated, tag = "1")]
    pub messages: Vec<Notice>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Status {
    #[prost(message, repeated, tag = "2")]
    pub new_messages: Vec<Notice>,
}

/// Severity as in Python's logging: 20 for information, 30 for warnings, 40 for errors.
#[derive(Clone, PartialEq, Message)]
pub struct Notice {
    #[prost(int32, tag = "1")]
    pub severity: i32,
    #[prost(string, tag = "2")]
    pub content: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct Refused {
    #[prost(string, tag = "1")]
    pub message: String,
}

#[derive(Clone, PartialEq, Message)]
pub struct CoreSettings {
    #[prost(message, optional, tag = "55")]
    pub api_key: Option<Text>,
    #[prost(message, optional, tag = "57")]
    pub base_url: Option<Text>,
    /// Where core keeps its own logs.
    #[prost(message, optional, tag = "142")]
    pub wandb_dir: Option<Text>,
    /// This process tells the server about the run's end.
    #[prost(message, optional, tag = "182")]
    pub primary: Option<Flag>,
    #[prost(message, optional, tag = "183")]
    pub update_finish_state: Option<Flag>,
    #[prost(message, optional, tag = "202")]
    pub app_url: Option<Text>,
}

#[derive(Clone, PartialEq, Message)]
pub struct Text {
    #[prost(string, tag = "1")]
    pub value: String,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub struct Flag {
    #[prost(bool, tag = "1")]
    pub value: bool,
}
