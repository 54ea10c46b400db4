//! After the agent has ended: the colleague on call brings back what can be brought back.
