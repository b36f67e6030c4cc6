/*
 * state.h - what a step does to the state of both ends
 */
#ifndef LADDER_STATE_H
#define LADDER_STATE_H

#include "step.h"

/*
 * Take STEP, whose fate is known, into account: move the states of its
 * connection's ends, and complete its notes. In the order of the capture.
 */
void state_apply(struct step *step);

/* Whether nothing more is to be expected of CONN. */
bool state_over(const struct conn *conn);

#endif
