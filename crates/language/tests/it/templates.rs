//! Chat templates, compared with recorded texts.

use serde_json::{Value, json};
use umwelt_language::{ChatTemplate, Fragment, JinjaTemplate, Part, Role, Turn};

use crate::recorded::path;

const QWEN_SYSTEM: &str = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.";

/// Templates of our own in the manner of published ones, with their helper functions and methods.
const CHATML: &str = "{% for message in messages %}
    {% if loop.first and messages[0]['role'] != 'system' %}
{{ '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}{% endif %}
{{ '<|im_start|>' + message.role + '\\n' + message['content'] + eos_token + '\\n' }}{% endfor %}
{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";
const LLAMA3: &str = "{{- bos_token -}}
{%- for message in messages -%}
    {%- if message.role not in ['system', 'user', 'assistant'] -%}
        {{ raise_exception('an unknown role') }}
    {%- endif -%}
    {{- '<|start_header_id|>' ~ message.role ~ '<|end_header_id|>\\n\\n' -}}
    {{- message.content.strip() ~ eos_token -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}
{%- endif -%}";

fn turns(case: &Value) -> Vec<Turn> {
    let turn = |message: &Value| {
        let role =
            [Role::System, Role::User, Role::Assistant].into_iter().find(|r| r.name() == message["role"]);
        Turn::new(role.unwrap(), message["content"].as_str().unwrap())
    };
    case["messages"].as_array().unwrap().iter().map(turn).collect()
}

fn jinja(source: &str, start: &str, end: &str) -> ChatTemplate {
    ChatTemplate::Jinja(Box::new(JinjaTemplate::new(source, start, end).unwrap()))
}

#[test]
fn conversations_are_rendered_as_recorded() {
    let recorded: Value =
        serde_json::from_slice(&std::fs::read(path("lm_chat_templates.json")).unwrap()).unwrap();
    let templates = [
        ("qwen2_5", ChatTemplate::ChatMl { system: QWEN_SYSTEM.into() }),
        ("llama3_1", ChatTemplate::Llama3 { dates: true }),
        ("chatml", ChatTemplate::chatml()),
        ("llama3_plain", ChatTemplate::Llama3 { dates: false }),
        ("chatml", jinja(CHATML, "", "<|im_end|>")),
        ("llama3_plain", jinja(LLAMA3, "<|begin_of_text|>", "<|eot_id|>")),
    ];
    let cases = recorded["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 6);
    for case in cases {
        for (name, template) in &templates {
            let (turns, generate) = (turns(case), case["add_generation_prompt"].as_bool().unwrap());
            assert_eq!(template.render(&turns, generate).unwrap(), case[name].as_str().unwrap(), "{name}");
            let contents = |fragments: &[Fragment]| -> Vec<(Part, String)> {
                let turns = fragments.iter().filter(|fragment| fragment.part != Part::Frame);
                turns.map(|fragment| (fragment.part, fragment.text.clone())).collect()
            };
            let end = template.end_of_turn().unwrap();
            let expected: Vec<_> = turns
                .iter()
                .flat_map(|turn| {
                    let text = if name.starts_with("llama3") { turn.text.trim() } else { &turn.text };
                    [(Part::Content(turn.role), text.to_owned()), (Part::End(turn.role), end.to_owned())]
                })
                .collect();
            let found = contents(&template.fragments(&turns, generate).unwrap());
            // A default system turn stands before those of the conversation.
            assert_eq!(found[found.len() - expected.len()..], expected, "{name}");
        }
    }
}

#[test]
fn templates_of_a_checkpoint_are_read_from_both_forms() {
    let turns = [Turn::new(Role::User, "hi")];
    let one =
        json!({"chat_template": "{{ bos_token }}{{ messages[0].content }}", "bos_token": {"content": "<s>"}});
    let list = json!({"chat_template": [
        {"name": "tool_use", "template": "no"},
        {"name": "default", "template": "{{ messages[0].content | upper }}"},
    ]});
    for (config, expected) in [(one, "<s>hi"), (list, "HI")] {
        let template = JinjaTemplate::from_config(&config).unwrap().unwrap();
        assert_eq!(template.render(&turns, false).unwrap(), expected);
    }
    assert!(JinjaTemplate::from_config(&json!({})).unwrap().is_none());
}

#[test]
fn a_template_that_refuses_or_changes_a_conversation_is_an_error() {
    let error = JinjaTemplate::new("{% if %}", "", "").err().unwrap();
    assert_eq!(error.to_string(), "the chat template is no Jinja");
    let turns = [Turn::new(Role::User, "hi")];
    let refusing = JinjaTemplate::new("{{ raise_exception('user first') }}", "", "").unwrap();
    let error = format!("{:#}", refusing.render(&turns, false).unwrap_err());
    assert!(error.contains("refuses the conversation") && error.contains("user first"), "{error}");
    let upper = jinja("{{ messages[0].content | upper }}", "", "");
    let error = upper.fragments(&turns, false).unwrap_err().to_string();
    assert!(error.contains("changes the text of a turn"), "{error}");
    let silent = jinja("nothing", "", "").fragments(&turns, false).unwrap_err().to_string();
    assert!(silent.contains("leaves out a turn"), "{silent}");
}
