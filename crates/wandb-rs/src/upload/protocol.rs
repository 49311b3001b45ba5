//! The messages to and from wandb-core's socket that following a log needs.

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
    /// Waits for more records at the end of a log without an exit record.
    #[prost(bool, tag = "6")]
    pub live: bool,
}

#[derive(Clone, PartialEq, Message)]
pub struct Operation {
    #[prost(string, tag = "1")]
    pub id: String,
}

/// A request that is answered at the end of the upload.
#[derive(Clone, PartialEq, Message)]
pub struct Sync {
    #[prost(string, tag = "1")]
    pub id: String,
    /// The number of logs uploaded at a time. With 0, core waits forever.
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

/// A message for the user. The severity is 20 for information, 30 for warnings and 40 for errors.
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
    /// The folder of core's own logs.
    #[prost(message, optional, tag = "142")]
    pub wandb_dir: Option<Text>,
    /// Set if this process reports the run's end to the server.
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
