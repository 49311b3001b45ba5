//! `umwelt lm`: language models on disk.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, Subcommand, ValueEnum};
use tch::{Device, Kind};
use umwelt_language::{
    ChatTemplate, Description, JinjaTemplate, Kept, LanguageModel, LmConfig, Places, Prompt, Role,
    RopeScaling, Sampling, Segment, TextTokenizer, Turn, Writing, count,
};

use crate::charts::{Align, Table, format::bytes};
use crate::threads::use_threads;
use crate::worlds::talk::answer_games;
use umwelt_base::UserError;
use umwelt_base::terminal::{print, print_line};

/// Describes language models and lets them write
#[derive(Args, Debug)]
#[command(after_help = "\
MODEL is a Hugging Face folder, a GGUF file, or ORG/NAME of a model in a cache of Hugging Face.

Examples:
  umwelt data smollm2
  umwelt lm show data/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
  umwelt lm generate data/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf \"Name three colours.\"
  umwelt lm generate models/Qwen2.5-0.5B-Instruct \"Once upon a time\" --raw --temperature 0.8")]
pub struct LmArguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Print what a model is; its weights are checked by name and shape, not read
    Show { model: String },
    /// Print what a model answers to a prompt
    Generate(Generate),
    /// Play MiniHouse by JSON lines, as a model of a bridge for talk.alfworld.bridge
    House {
        /// The seed of the houses
        #[arg(long, default_value_t = 0)]
        seed: u64,
    },
}

#[derive(Args, Debug)]
struct Generate {
    model: String,
    /// The turn of the user
    prompt: String,
    /// The turn of the system [default: the template's]
    #[arg(long)]
    system: Option<String>,
    /// The form of the conversation
    #[arg(long, default_value = "auto")]
    template: Template,
    /// Go on with the prompt itself, without turns
    #[arg(long, conflicts_with_all = ["system", "template"])]
    raw: bool,
    /// The most tokens to write
    #[arg(long, default_value_t = 256)]
    max_new_tokens: usize,
    /// 0 takes the most likely token
    #[arg(long, default_value_t = 0.0)]
    temperature: f64,
    /// The most likely tokens to choose from; 0 for all
    #[arg(long, default_value_t = 0)]
    top_k: usize,
    /// The probability of the most likely tokens to choose from; 1 for all
    #[arg(long, default_value_t = 1.0)]
    top_p: f64,
    /// The penalty on tokens that occurred; 1 for none
    #[arg(long, default_value_t = 1.0)]
    repetition_penalty: f64,
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The number format of the weights
    #[arg(long, default_value = "f32")]
    dtype: Dtype,
    /// CPU threads [default: one for each core]
    #[arg(long)]
    threads: Option<usize>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Template {
    /// The one whose tokens the tokenizer has
    Auto,
    Chatml,
    Llama3,
    /// The checkpoint's own
    Jinja,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Dtype {
    F32,
    Bf16,
}

/// Runs a subcommand.
///
/// # Errors
/// The model is missing or damaged, or a setting is out of range.
pub fn lm(arguments: &LmArguments) -> Result<()> {
    match &arguments.command {
        Command::Show { model } => show(&find(model)?),
        Command::Generate(arguments) => generate(arguments),
        Command::House { seed } => answer_games(*seed, std::io::stdin().lock(), std::io::stdout().lock()),
    }
}

fn find(model: &str) -> Result<PathBuf> {
    let path = Path::new(model);
    // A folder without a `config.json` is a damaged model, and no name in a cache.
    if path.is_dir() {
        return Ok(path.to_owned());
    }
    Places::from_environment().find(model).map_err(mistake)
}

fn mistake(error: anyhow::Error) -> anyhow::Error {
    UserError(format!("{error:#}")).into()
}

fn show(path: &Path) -> Result<()> {
    let Description { config, tokenizer, tokenizer_config, files } =
        Description::read(path).map_err(mistake)?;
    let size = files.iter().filter_map(|file| std::fs::metadata(file).ok()).map(|found| found.len()).sum();
    let name = |file: &PathBuf| file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut rows = vec![("architecture", config.architecture.name().to_owned())];
    rows.extend(sizes(&config));
    rows.push((
        "tokenizer",
        tokenizer.as_ref().map_or("none".to_owned(), |t| format!("ids up to {}", t.rows() - 1)),
    ));
    rows.push(("template", template_name(tokenizer.as_ref(), &tokenizer_config)));
    rows.push((
        "weights",
        format!("{}, {}", files.iter().map(name).collect::<Vec<_>>().join(", "), bytes(size)),
    ));
    let table = Table::new([(path.display().to_string().as_str(), Align::Left), ("", Align::Left)]);
    print(rows.into_iter().fold(table, |table, (name, value)| table.row([name.to_owned(), value])))
}

fn sizes(config: &LmConfig) -> Vec<(&'static str, String)> {
    let head = if config.tied { "the embedding" } else { "a matrix of its own" };
    vec![
        ("parameters", count(config).to_string()),
        ("layers", config.layers.to_string()),
        ("hidden size", config.hidden.to_string()),
        ("inside the MLP", config.intermediate.to_string()),
        ("heads", format!("{} of {} features, {} of keys", config.heads, config.head, config.kv_heads)),
        ("vocabulary", format!("{} rows, the head is {head}", config.vocabulary)),
        ("context", format!("{} positions, {}", config.context, rope(config))),
    ]
}

fn rope(config: &LmConfig) -> String {
    let scaling = match config.rope.scaling {
        RopeScaling::Default => String::new(),
        RopeScaling::Linear { factor } => format!(", divided by {factor}"),
        RopeScaling::Llama3 { factor, .. } => format!(", long waves divided by {factor}"),
    };
    format!("rotary with base {}{scaling}", config.rope.theta)
}

fn template_name(tokenizer: Option<&TextTokenizer>, config: &serde_json::Value) -> String {
    let own = if config.get("chat_template").is_some() { " (the checkpoint has its own, too)" } else { "" };
    match tokenizer.map(|tokenizer| ChatTemplate::auto(tokenizer, true)) {
        Some(Ok(ChatTemplate::ChatMl { .. })) => format!("chatml{own}"),
        Some(Ok(ChatTemplate::Llama3 { .. })) => format!("llama3{own}"),
        _ if own.is_empty() => "none: --raw only".to_owned(),
        _ => "jinja".to_owned(),
    }
}

fn generate(arguments: &Generate) -> Result<()> {
    if let Some(threads) = arguments.threads {
        umwelt_base::threads::check(1, threads).map_err(|reason| UserError(format!("--threads {reason}")))?;
        use_threads(threads)?;
    }
    let sampling = Sampling {
        repetition_penalty: arguments.repetition_penalty,
        temperature: arguments.temperature,
        top_k: arguments.top_k,
        top_p: arguments.top_p,
    };
    sampling.check().map_err(mistake)?;
    let kind = match arguments.dtype {
        Dtype::F32 => Kind::Float,
        Dtype::Bf16 => Kind::BFloat16,
    };
    let model = LanguageModel::load(&find(&arguments.model)?, kind, Device::Cpu).map_err(mistake)?;
    let tokenizer = model.tokenizer.as_ref().with_context(|| {
        UserError(format!(
            "{} has no tokenizer.json; put the model's own beside its weights",
            arguments.model
        ))
    })?;
    let (text, end) = rendered(arguments, &model, tokenizer)?;
    let writing = Writing {
        sampling,
        seed: arguments.seed,
        max_new_tokens: arguments.max_new_tokens,
        stop: model.stop_ids(end.as_deref())?,
        hidden: Kept::None,
    };
    let prompt =
        Prompt { task: arguments.prompt.clone(), segments: vec![Segment::Ids(tokenizer.encode(&text)?)] };
    let written = model.decoder.generate(&[prompt], &writing).map_err(mistake)?;
    print_line(tokenizer.decode(&written[0].ids, true)?)
}

/// The prompt as text, and the token that ends the answer's turn.
fn rendered(
    arguments: &Generate,
    model: &LanguageModel,
    tokenizer: &TextTokenizer,
) -> Result<(String, Option<String>)> {
    if arguments.raw {
        return Ok((arguments.prompt.clone(), None));
    }
    let own = || -> Result<ChatTemplate> {
        let own = JinjaTemplate::from_config(&model.tokenizer_config)?;
        Ok(ChatTemplate::Jinja(Box::new(own.context("the checkpoint has no chat_template")?)))
    };
    let template = match arguments.template {
        Template::Auto => ChatTemplate::auto(tokenizer, true).or_else(|_| own()),
        Template::Chatml => Ok(ChatTemplate::chatml()),
        Template::Llama3 => Ok(ChatTemplate::Llama3 { dates: true }),
        Template::Jinja => own(),
    };
    let template = template.context("--raw goes on without a template").map_err(mistake)?;
    let system = arguments.system.iter().map(|text| Turn::new(Role::System, text));
    let turns: Vec<Turn> = system.chain([Turn::new(Role::User, &arguments.prompt)]).collect();
    let text = template.render(&turns, true).map_err(mistake)?;
    Ok((text, template.end_of_turn().map(str::to_owned)))
}
