/* What the controller and the generator of its plan have in common. */
#ifndef EXAMPLES_MPC_HORIZON_H
#define EXAMPLES_MPC_HORIZON_H

enum {
    STATES = 4, /* position, speed, angle, turning */
    STEPS = 20, /* forces that are planned ahead */
    NUMBERS = STATES + STEPS
};

#define STEP 0.05 /* seconds */

#endif
