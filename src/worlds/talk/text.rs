//! Conversations as token ids. One function renders them for all stages.

use anyhow::{Context, Result};
use umwelt_language::{
    ChatTemplate, Fragment, IGNORED, Inserted, Insertion, JinjaTemplate, LabelledText, LanguageModel, Marker,
    Part, Role, SPECIAL_TOKENS, Segment, TextTokenizer, Turn,
};

use super::settings::{Labels, Template, TextSettings};
use super::tasks::{Problem, Texts};

/// The texts and the tokens of a model.
pub struct Renderer {
    tokenizer: TextTokenizer,
    template: ChatTemplate,
    insertion: Insertion,
    bridge: String,
    /// The text behind the message.
    behind: String,
    plan_request: String,
    /// The ids of frames that are supervised, too.
    frames: Vec<i64>,
    /// The ids that end a turn.
    pub stop: Vec<i64>,
}

impl Renderer {
    /// The renderer of a model that has the special tokens of messages. It drops their markers.
    ///
    /// # Errors
    /// When the model has no tokenizer, or none of a known template.
    pub fn new(model: &LanguageModel, settings: &TextSettings, texts: Texts) -> Result<Self> {
        let tokenizer = model.tokenizer.clone().context("the model has no tokenizer.json")?;
        let template = template(model, &tokenizer, settings, texts.system)?;
        let [marker, begin, end] = SPECIAL_TOKENS;
        let stop = model.stop_ids(template.end_of_turn())?;
        let insertion = Insertion {
            marker: tokenizer.required_id(marker)?,
            begin: tokenizer.required_id(begin)?,
            end: tokenizer.required_id(end)?,
            padding: stop.first().copied().context("the model has no token that ends a turn")?,
            slot: Marker::Drop,
            max_len: settings.max_len,
        };
        let own = |text: &Option<String>, of_task: &str| text.clone().unwrap_or_else(|| of_task.to_owned());
        let frames = frames(settings.labels, &template, &tokenizer)?;
        Ok(Self {
            frames,
            behind: String::new(),
            bridge: own(&settings.bridge, texts.bridge),
            plan_request: own(&settings.plan_request, texts.plan_request),
            tokenizer,
            template,
            insertion,
            stop,
        })
    }

    /// The renderer with another fate of markers.
    pub fn with_marker(mut self, marker: Marker) -> Self {
        self.insertion.slot = marker;
        self
    }

    /// The renderer of senders that read a message: they are asked for a plan behind it.
    pub fn asking_for_plans(mut self) -> Self {
        self.behind = format!("\n{}", self.plan_request);
        self
    }

    /// The ids of a plan inside a message.
    ///
    /// # Errors
    /// When the tokenizer cannot encode it.
    pub fn plan(&self, plan: &str) -> Result<Vec<i64>> {
        self.tokenizer.encode(plan)
    }

    /// The text of written ids.
    ///
    /// # Errors
    /// When the tokenizer cannot decode them.
    pub fn decode(&self, ids: &[i64]) -> Result<String> {
        self.tokenizer.decode(ids, true)
    }

    /// Several messages as one: between two of them the first ends and the second begins.
    pub fn joined(&self, messages: Vec<Vec<Segment>>) -> Vec<Segment> {
        let mut all = vec![];
        for (at, message) in messages.into_iter().enumerate() {
            all.extend((at > 0).then(|| Segment::Ids(vec![self.insertion.end, self.insertion.begin])));
            all.extend(message);
        }
        all
    }

    /// The messages of each sender for the same problems, as one for each problem.
    pub fn joined_by_problem(&self, senders: Vec<Vec<Vec<Segment>>>) -> Vec<Vec<Segment>> {
        by_problem(senders).into_iter().map(|messages| self.joined(messages)).collect()
    }

    /// A token as it stands in a gloss; `#ID` for a row of the embedding without one.
    ///
    /// # Errors
    /// When the tokenizer cannot decode it.
    pub fn token(&self, id: i64) -> Result<String> {
        let text = self.tokenizer.decode(&[id], false)?;
        Ok(if text.is_empty() { format!("#{id}") } else { text })
    }

    /// The text that a sender reads, and the plan that it should write, if there is one.
    ///
    /// # Errors
    /// When the tokenizer cannot encode it.
    pub fn sender(&self, problem: &Problem, plan: Option<&str>) -> Result<LabelledText> {
        let user = Turn::new(Role::User, format!("{}\n{}", problem.sender, self.plan_request));
        let turns: Vec<Turn> =
            [user].into_iter().chain(plan.map(|plan| Turn::new(Role::Assistant, plan))).collect();
        self.render(&turns, plan.is_none())
    }

    /// A whole conversation with the message in its first turn.
    ///
    /// # Errors
    /// When the tokenizer cannot encode it.
    pub fn conversation(&self, problem: &Problem, message: Option<Vec<Segment>>) -> Result<Inserted> {
        let mut turns = vec![];
        for (at, (user, assistant)) in problem.turns.iter().enumerate() {
            turns.push(if at == 0 { self.first(user) } else { Turn::new(Role::User, user) });
            turns.push(Turn::new(Role::Assistant, assistant));
        }
        Ok(self.insertion.insert(&self.render(&turns, false)?, message))
    }

    /// The beginning of [`Self::conversation`] up to the receiver's first turn.
    ///
    /// # Errors
    /// When the tokenizer cannot encode it.
    pub fn opening(&self, problem: &Problem, message: Option<Vec<Segment>>) -> Result<Vec<Segment>> {
        Ok(self.opened(problem, message)?.segments)
    }

    /// [`Self::opening`], and the number of its positions up to the last one of the message.
    ///
    /// # Errors
    /// When the tokenizer cannot encode it, or it is too long for a message.
    pub fn opening_with_end(&self, problem: &Problem, message: Vec<Segment>) -> Result<(Vec<Segment>, i64)> {
        let length: i64 = message.iter().map(Segment::length).sum();
        let opened = self.opened(problem, Some(message))?;
        let place = opened
            .place
            .with_context(|| format!("talk.text.max_len cuts the message of {} off", problem.id))?;
        Ok((opened.segments, place as i64 + 1 + length))
    }

    fn opened(&self, problem: &Problem, message: Option<Vec<Segment>>) -> Result<Inserted> {
        let user = problem.turns.first().map_or("", |(user, _)| user.as_str());
        Ok(self.insertion.insert(&self.render(&[self.first(user)], true)?, message))
    }

    /// What stands between a receiver's turn and its next one: the end of the turn, and what the
    /// receiver reads then.
    ///
    /// # Errors
    /// When the tokenizer cannot encode it.
    pub fn reply(&self, observation: &str) -> Result<Vec<i64>> {
        let turns = [(Role::User, "a"), (Role::Assistant, "a"), (Role::User, observation)];
        let turns = turns.map(|(role, text)| Turn::new(role, text));
        let fragments = self.template.fragments(&turns, true)?;
        let written = fragments.iter().position(|fragment| fragment.part == Part::Content(Role::Assistant));
        Ok(self.labelled(&fragments[written.map_or(0, |at| at + 1)..])?.ids)
    }

    fn first(&self, user: &str) -> Turn {
        Turn::new(Role::User, format!("{user}\n{}{}{}", self.bridge, SPECIAL_TOKENS[0], self.behind))
    }

    fn render(&self, turns: &[Turn], generate: bool) -> Result<LabelledText> {
        self.labelled(&self.template.fragments(turns, generate)?)
    }

    /// The ids of fragments. Content and ends of the assistant's turns are supervised.
    fn labelled(&self, fragments: &[Fragment]) -> Result<LabelledText> {
        let mut text = LabelledText { ids: vec![], labels: vec![] };
        for fragment in fragments {
            let ids = self.tokenizer.encode(&fragment.text)?;
            let supervised =
                matches!(fragment.part, Part::Content(Role::Assistant) | Part::End(Role::Assistant));
            let is_frame =
                |id: &i64| matches!(fragment.part, Part::Frame | Part::End(_)) && self.frames.contains(id);
            let label = |id: &i64| if supervised || is_frame(id) { *id } else { IGNORED };
            text.labels.extend(ids.iter().map(label));
            text.ids.extend(ids);
        }
        Ok(text)
    }
}

/// The template of the settings; `system` is the system turn of a task.
fn template(
    model: &LanguageModel,
    tokenizer: &TextTokenizer,
    settings: &TextSettings,
    system: &str,
) -> Result<ChatTemplate> {
    let system = settings.system.clone().unwrap_or_else(|| system.to_owned());
    let template = match settings.template {
        Template::Auto => ChatTemplate::auto(tokenizer, settings.dates)?,
        Template::ChatMl => ChatTemplate::chatml(),
        Template::Llama3 => ChatTemplate::Llama3 { dates: settings.dates },
        Template::Jinja => {
            let own = JinjaTemplate::from_config(&model.tokenizer_config)?;
            let own = own.context("talk.text.template: the checkpoint has no chat_template")?;
            ChatTemplate::Jinja(Box::new(own))
        }
    };
    Ok(match template {
        ChatTemplate::ChatMl { .. } => ChatTemplate::ChatMl { system },
        other => other,
    })
}

/// The ids of the frame of turns that the public code supervises.
fn frames(labels: Labels, template: &ChatTemplate, tokenizer: &TextTokenizer) -> Result<Vec<i64>> {
    match (labels, template) {
        (Labels::Assistant, _) => Ok(vec![]),
        (Labels::Repo, ChatTemplate::ChatMl { .. }) => tokenizer.encode("<|im_start|><|im_end|>\n"),
        (Labels::Repo, _) => anyhow::bail!("talk.text.labels: `repo` is of ChatML alone"),
    }
}

/// What each sender has for the same problems, by problem.
pub fn by_problem<T>(senders: Vec<Vec<T>>) -> Vec<Vec<T>> {
    let count = senders.first().map_or(0, Vec::len);
    let mut all: Vec<Vec<T>> = (0..count).map(|_| vec![]).collect();
    for own in senders {
        all.iter_mut().zip(own).for_each(|(problem, own)| problem.push(own));
    }
    all
}

/// A text without a message.
pub fn plain(text: LabelledText) -> Inserted {
    Inserted { segments: vec![Segment::Ids(text.ids)], labels: text.labels, unread: None, place: None }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::worlds::talk::models::initial;
    use crate::worlds::talk::settings::{TalkSettings, TaskName};
    use crate::worlds::talk::tasks::{Split, Task, tokenizer};

    fn parts() -> (Renderer, Problem, TextTokenizer) {
        let talk = TalkSettings::default();
        let task = Task::new(&talk, 1).unwrap();
        let tokenizer = tokenizer(task.words()).unwrap();
        let model = initial(&talk.lm, tokenizer.clone(), 1, Device::Cpu).unwrap();
        let problem = task.problem(Split::Seen, 3, 5).unwrap();
        (Renderer::new(&model, &talk.text, task.texts()).unwrap(), problem, tokenizer)
    }

    /// A renderer with the words of MiniHouse and other settings of texts.
    fn house(text: &TextSettings) -> (Renderer, Problem, TextTokenizer) {
        let talk = TalkSettings { task: TaskName::MiniHouse, ..TalkSettings::default() };
        let task = Task::new(&talk, 1).unwrap();
        let tokenizer = tokenizer(task.words()).unwrap();
        let model = initial(&talk.lm, tokenizer.clone(), 1, Device::Cpu).unwrap();
        let problem = task.problem(Split::Seen, 3, 6).unwrap();
        (Renderer::new(&model, text, task.texts()).unwrap(), problem, tokenizer)
    }

    #[test]
    fn openings_turns_and_replies_are_the_training_text_of_many_turns() {
        let system =
            TextSettings { system: Some("you look at the house .".into()), ..TextSettings::default() };
        // Headers of Llama 3 are unknown words here, and as such stand at the same places.
        let llama3 = TextSettings { template: Template::Llama3, ..TextSettings::default() };
        for text in [TextSettings::default(), system, llama3] {
            let (renderer, problem, tokenizer) = house(&text);
            let message = || Some(vec![Segment::Ids(renderer.plan(&problem.plan).unwrap())]);
            let training = renderer.conversation(&problem, message()).unwrap();
            let mut evaluated = ids(&renderer.opening(&problem, message()).unwrap());
            let mut labels = vec![IGNORED; evaluated.len()];
            for (at, (_, answer)) in problem.turns.iter().enumerate() {
                let written = tokenizer.encode(answer).unwrap();
                labels.extend(&written);
                evaluated.extend(written);
                let reply = problem.turns.get(at + 1).map(|(reads, _)| renderer.reply(reads).unwrap());
                let reply = reply.unwrap_or_default();
                labels.extend(reply.iter().map(|_| IGNORED));
                evaluated.extend(reply);
            }
            let all = ids(&training.segments);
            assert_eq!(all[..evaluated.len()], evaluated, "{text:?}");
            // The end of a turn is supervised, and in evaluation it is a part of the reply.
            for (at, label) in labels.iter().enumerate().filter(|(_, label)| **label != IGNORED) {
                assert_eq!(training.labels[at], *label, "{text:?}");
            }
            let supervised = training.labels.iter().filter(|label| **label != IGNORED).count();
            let written = labels.iter().filter(|label| **label != IGNORED).count();
            let end = tokenizer.encode(renderer.template.end_of_turn().unwrap()).unwrap().len();
            assert_eq!(supervised, written + problem.turns.len() * end);
        }
    }

    #[test]
    fn the_public_codes_labels_have_the_frame_of_all_turns() {
        let (renderer, problem, tokenizer) =
            house(&TextSettings { labels: Labels::Repo, ..TextSettings::default() });
        let text = renderer.conversation(&problem, None).unwrap();
        let all = ids(&text.segments);
        let frame = tokenizer.encode("<|im_start|><|im_end|>\n").unwrap();
        let [start, end, _] = frame[..] else { panic!("three tokens") };
        for (id, label) in all.iter().zip(&text.labels) {
            assert!([start, end].iter().all(|token| token != id) || label == id);
        }
        let count = |token: i64| text.labels.iter().filter(|label| **label == token).count();
        // A turn of the user and one of the assistant for each pair.
        assert_eq!((count(start), count(end)), (2 * problem.turns.len(), 2 * problem.turns.len()));
        let user = tokenizer.required_id("user").unwrap();
        assert_eq!(count(user), 0);
    }

    fn ids(segments: &[Segment]) -> Vec<i64> {
        let ids = |segment: &Segment| match segment {
            Segment::Ids(ids) => ids.clone(),
            Segment::Embeddings(_) => vec![],
        };
        segments.iter().flat_map(ids).collect()
    }

    #[test]
    fn the_opening_is_the_beginning_of_the_conversation() {
        let (renderer, problem, tokenizer) = parts();
        for message in [None, Some(vec![]), Some(vec![Segment::Ids(renderer.plan(&problem.plan).unwrap())])] {
            let copy = || {
                message.as_ref().map(|parts| {
                    parts.iter().map(|part| Segment::Ids(ids(std::slice::from_ref(part)))).collect()
                })
            };
            let whole = renderer.conversation(&problem, copy()).unwrap();
            let opening = ids(&renderer.opening(&problem, copy()).unwrap());
            let all = ids(&whole.segments);
            assert_eq!(all[..opening.len()], opening);
            // Content and end of the answer are supervised, and nothing before them.
            let first = whole.labels.iter().position(|label| *label != IGNORED).unwrap();
            assert_eq!(first, opening.len());
            let supervised: Vec<i64> =
                whole.labels.iter().copied().filter(|label| *label != IGNORED).collect();
            let answer = format!("{}<|im_end|>", problem.turns[0].1);
            assert_eq!(supervised, tokenizer.encode(&answer).unwrap());
        }
    }

    #[test]
    fn a_message_stands_inside_the_first_turn_of_the_user() {
        let (renderer, problem, tokenizer) = parts();
        let message = Some(vec![Segment::Ids(renderer.plan(&problem.plan).unwrap())]);
        let opening = ids(&renderer.opening(&problem, message).unwrap());
        let expected = format!(
            "<|im_start|>user\n{}\nfollow the plan :<bop>{}<eop><|im_end|>\n<|im_start|>assistant\n",
            problem.turns[0].0, problem.plan
        );
        assert_eq!(opening, tokenizer.encode(&expected).unwrap());
        let reply = renderer.reply("first").unwrap();
        let expected = "<|im_end|>\n<|im_start|>user\nfirst<|im_end|>\n<|im_start|>assistant\n";
        assert_eq!(reply, tokenizer.encode(expected).unwrap());
    }

    #[test]
    fn several_messages_have_a_begin_and_an_end_each() {
        let (renderer, problem, tokenizer) = parts();
        let part = |text: &str| vec![Segment::Ids(tokenizer.encode(text).unwrap())];
        let senders = vec![vec![part("first times 2 .")], vec![vec![]], vec![part("second add 3 .")]];
        let message = renderer.joined_by_problem(senders).pop().unwrap();
        let opening = ids(&renderer.opening(&problem, Some(message)).unwrap());
        let expected =
            tokenizer.encode("<bop>first times 2 .<eop><bop><eop><bop>second add 3 .<eop>").unwrap();
        assert!(opening.windows(expected.len()).any(|window| window == expected), "{opening:?}");
    }

    #[test]
    fn senders_of_a_chain_are_asked_for_a_plan_behind_the_message() {
        let (renderer, problem, tokenizer) = parts();
        let renderer = renderer.asking_for_plans();
        let message = vec![Segment::Ids(tokenizer.encode("first times 2 .").unwrap())];
        let text = renderer.conversation(&problem.as_relayed(), Some(message)).unwrap();
        let expected = format!(
            "<|im_start|>user\n{}\nfollow the plan :<bop>first times 2 .<eop>\nwrite a plan .<|im_end|>\n\
             <|im_start|>assistant\n{}<|im_end|>\n",
            problem.sender, problem.plan
        );
        assert_eq!(ids(&text.segments), tokenizer.encode(&expected).unwrap());
    }

    #[test]
    fn a_row_without_a_token_has_its_number() {
        let (renderer, _, tokenizer) = parts();
        assert_eq!(renderer.token(tokenizer.required_id("box").unwrap()).unwrap(), "box");
        assert_eq!(renderer.token(tokenizer.rows()).unwrap(), format!("#{}", tokenizer.rows()));
    }

    #[test]
    fn every_word_of_the_task_is_a_token() {
        let (renderer, _, tokenizer) = parts();
        let talk = TalkSettings::default();
        let unknown = tokenizer.required_id("<unk>").unwrap();
        for number in 0..200 {
            let problem = Task::new(&talk, 1).unwrap().problem(Split::Unseen, number, 5).unwrap();
            let sender = renderer.sender(&problem, Some(&problem.plan)).unwrap().ids;
            let receiver = ids(&renderer.conversation(&problem, None).unwrap().segments);
            assert!(!sender.contains(&unknown) && !receiver.contains(&unknown), "{problem:?}");
        }
    }
}
