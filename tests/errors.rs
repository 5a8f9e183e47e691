//! Errors are errors: with `?`, in a box, from one thread to another.

use std::error::Error;

use netpol_oracle::diagnostic::ReadError;
use netpol_oracle::labels::{LabelKey, LabelKeyError, LabelKeyFault, LabelValue, LabelValueError, LabelValueFault};
use netpol_oracle::model::{ChangeError, FlowTextError, FlowTextFault, WorkloadKind, WorkloadKindError};
use netpol_oracle::net::{CidrError, ExceptError, IpBlock, PortName, PortNameError, PortNameFault, ProtocolError};
use netpol_oracle::oracle::{Case, CaseError, ProbeError, ReplayError, SequenceError, ShrinkError};
use netpol_oracle::profile::cce::{NetworkModel, NetworkModelError};
use netpol_oracle::profile::console::{CannotShow, Obstacle, RowError, RowFaultKind};
use netpol_oracle::profile::{ProfileError, RowIdError, VersionError};
use netpol_oracle::release::ReleaseError;
use netpol_oracle::{FlowError, Profile, Row};

#[test]
fn every_error_is_one() {
    fn is_error<E: Error + Send + Sync + 'static>() {}
    is_error::<LabelKeyError>();
    is_error::<LabelKeyFault>();
    is_error::<LabelValueError>();
    is_error::<LabelValueFault>();
    is_error::<netpol_oracle::labels::NoValues>();
    is_error::<ChangeError>();
    is_error::<FlowTextError>();
    is_error::<FlowTextFault>();
    is_error::<WorkloadKindError>();
    is_error::<CidrError>();
    is_error::<ExceptError>();
    is_error::<PortNameError>();
    is_error::<PortNameFault>();
    is_error::<ProtocolError>();
    is_error::<CaseError>();
    is_error::<ProbeError>();
    is_error::<ReadError>();
    is_error::<ReplayError<String>>();
    is_error::<SequenceError<String>>();
    is_error::<ShrinkError<String>>();
    is_error::<NetworkModelError>();
    is_error::<CannotShow>();
    is_error::<Obstacle>();
    is_error::<RowError>();
    is_error::<RowFaultKind>();
    is_error::<ProfileError>();
    is_error::<RowIdError>();
    is_error::<VersionError>();
    is_error::<ReleaseError>();
    is_error::<FlowError>();
    is_error::<netpol_oracle::analysis::Irreparable>();
    #[cfg(feature = "generate")]
    is_error::<netpol_oracle::generate::HostileError>();
}

#[test]
fn faults_of_one_value_are_told_together() -> Result<(), Box<dyn Error>> {
    let name = "the name is not letters, digits, `-`, `_`, `.` with a letter or digit at both ends";
    let key = LabelKey::new("/").unwrap_err();
    assert_eq!(key.to_string(), format!("the prefix before `/` is empty, the name is empty, {name}"));
    let text = "the value is not letters, digits, `-`, `_`, `.` with a letter or digit at both ends";
    assert_eq!(LabelValue::new("-").unwrap_err().to_string(), text);
    let port = PortName::new("a--").unwrap_err();
    assert_eq!(port.to_string(), "the name has two hyphens in a row, the name begins or ends with a hyphen");
    let except = vec!["10.1.0.0/16".parse()?, "11.0.0.0/8".parse()?];
    let block = IpBlock::new("10.0.0.0/8".parse()?, except).unwrap_err();
    assert_eq!((block.places(), block.to_string().as_str()), (&[1][..], "outside of the block: `except[1]`"));
    Ok(())
}

#[test]
fn words_that_are_none_are_named() {
    assert_eq!("C99".parse::<Row>().unwrap_err().to_string(), "`C99` is not a row id such as `C14` or `U3`");
    let kind = "Pod".parse::<WorkloadKind>().unwrap_err();
    assert_eq!(kind.to_string(), "`Pod` is not a kind of workload such as `Deployment`");
    let model = "vcp".parse::<NetworkModel>().unwrap_err();
    assert_eq!(
        model.to_string(),
        "`vcp` is not a network model: `tunnel` (`overlay_l2`, `container-tunnel`), `vpc` (`vpc-router`) or `cn2` (`eni`, `cloud-native-2`)"
    );
}

#[test]
fn a_text_that_is_not_read_names_every_fault() -> Result<(), Box<dyn Error>> {
    let good = Profile::read("p.json", r#"{"model": "kubernetes"}"#)?;
    let boxed = |text: &str| -> Result<Profile, Box<dyn Error + Send + Sync>> { Ok(Profile::read("p.json", text)?) };
    assert_eq!(boxed(r#"{"model": "kubernetes"}"#).ok(), Some(good));
    let text = "{\"model\": \"vcp\",\n\"edition\": \"1999\"}";
    let model = "p.json:1 (document 0): error[NP004]: model: `vcp` is not a network model; write `kubernetes`, `tunnel` (`overlay_l2`, `container-tunnel`), `vpc` (`vpc-router`) or `cn2` (`eni`, `cloud-native-2`)";
    let edition = "p.json:2 (document 0): error[NP004]: edition: not an edition (help: write `seed`, `seed-prose`, `2026` or `otc`)";
    assert_eq!(boxed(text).unwrap_err().to_string(), format!("{model}\n{edition}"));

    let error = Profile::read("p.json", text).unwrap_err();
    assert_eq!(error.len(), 2);
    assert_eq!((&error).into_iter().map(ToString::to_string).collect::<Vec<_>>(), [model, edition]);
    assert_eq!(
        serde_json::to_string(&error)?,
        r#"[{"origin":"manifest","severity":"error","code":"NP004","path":"model","#.to_owned()
            + r#""message":"`vcp` is not a network model; write `kubernetes`, `tunnel` (`overlay_l2`, `container-tunnel`), `vpc` (`vpc-router`) or `cn2` (`eni`, `cloud-native-2`)","help":"","#
            + r#""location":{"source":"p.json","document":0,"item":null,"line":1}},"#
            + r#"{"origin":"manifest","severity":"error","code":"NP004","path":"edition","message":"not an edition","#
            + r#""help":"write `seed`, `seed-prose`, `2026` or `otc`","#
            + r#""location":{"source":"p.json","document":0,"item":null,"line":2}}]"#
    );
    assert_eq!(error.into_iter().map(|fault| fault.path.to_string()).collect::<Vec<_>>(), ["model", "edition"]);

    for text in ["", "[]", "{", "{}", r#"{"profile": "vcp"}"#] {
        let error = Case::read("c.json", text).unwrap_err();
        assert!(!error.is_empty() && error.to_string().lines().count() == error.len(), "{text}: {error}");
    }
    Ok(())
}
