//! The sector as a WebSocket.

use std::sync::Arc;

use follow::{Feed, session};
use http_kit::{Context, Problem, Response};

use crate::recording::Recording;
use crate::state::{State, sector};

/// `GET /ws?after=&incarnation=`: a snapshot, then entries; only the entries after `after` if they are still there and
/// the sector is still of that incarnation.
pub(crate) async fn open(mut context: Context<State>) -> Result<Response, Problem> {
    let state = context.shared_state();
    state.sockets.admit(&context)?;
    let from = follow::resume::position(&context)?;
    let sector = sector(&context).await?;
    let (pace, recording) = (state.config.pace, state.config.recording.clone());
    let feed =
        Feed::new(Arc::clone(sector.follower()), Arc::clone(&state.resyncs), from, pace.behind_max);
    state.sockets.open(&mut context, session::socket_config(), move |socket, shutdown| async move {
        let _viewer = recording.as_ref().map(Recording::viewer);
        session::serve(socket, feed, pace, shutdown).await;
    })
}
