//! Who a user is by now, whose login was looked up anew.

use bellgate_codes::Refusal;

use super::find::Identities;
use super::outside::{Answer, Need};
use super::standing::Identity;

impl Identities {
    /// What an open connection's user has come to, for what came when its login was asked for again. None
    /// where nothing is known: whoever does not answer logs nobody out.
    ///
    /// # Errors
    /// Why the user is none any more: the login has ended, names nobody, or somebody else.
    pub fn anew(
        &self,
        held: &Identity,
        need: &Need,
        answer: &Answer,
    ) -> Option<Result<Identity, Refusal>> {
        match (need, answer) {
            (Need::Session(key), Answer::Session(written)) => {
                Some(self.by_session_anew(held, key, &written.0))
            }
            (Need::Application(_), Answer::Said(said)) => Some(self.by_said_anew(held, said)),
            _ => None,
        }
    }
}
