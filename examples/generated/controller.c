/* Keeps a pendulum upright: at each moment it improves the torques of the next two seconds by steps down the gradient
 * of their cost, and gives the first one to the motor. pendulum_cost.c has the cost and its gradient, and
 * pendulum_step.c the pendulum; both are generated, and nothing of adze is linked. The same file runs on a PC and, in
 * firmware/, on a Cortex-M4 without an operating system: it prints the same digits. */
#include "pendulum_cost.h"
#include "pendulum_step.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    MOMENTS = 60,
    DESCENTS = 20,
    STATE = PENDULUM_STEP_OUTPUTS,
    TORQUES = PENDULUM_COST_INPUTS - STATE
};

typedef struct controller {
    double x[PENDULUM_COST_INPUTS];  /* the state, then torques */
    double y[PENDULUM_COST_OUTPUTS]; /* the cost, then its gradient by the torques */
    double work[PENDULUM_COST_WORK];
} controller;

/* Torques go one moment on: those of the last time are nearly right. */
static void move_on(controller *c)
{
    memmove(c->x + STATE, c->x + STATE + 1, (TORQUES - 1) * sizeof *c->x);
    c->x[PENDULUM_COST_INPUTS - 1] = 0;
}

/* Steps that are shorter where the gradient is steep. */
static double torque_for(controller *c, const double *state)
{
    memcpy(c->x, state, STATE * sizeof *c->x);
    for (int i = 0; i < DESCENTS; i++) {
        double steepness = 0;
        pendulum_cost(c->x, c->work, c->y);
        for (int k = 0; k < TORQUES; k++)
            steepness += c->y[1 + k] * c->y[1 + k];
        for (int k = 0; k < TORQUES; k++)
            c->x[STATE + k] -= c->y[1 + k] / (1 + sqrt(steepness));
    }
    return c->x[STATE];
}

/* The motor is weaker than the controller believes, and the pendulum is pushed once. */
static void world(double *state, double torque, int moment)
{
    const double x[PENDULUM_STEP_INPUTS] = {state[0], state[1], 0.9 * torque};
    double work[PENDULUM_STEP_WORK];
    pendulum_step(x, work, state);
    state[1] += moment == 30 ? 0.5 : 0;
}

int main(void)
{
    static controller c;
    double state[STATE] = {0.5, 0};
    for (int moment = 0; moment < MOMENTS; moment++) {
        double torque = torque_for(&c, state);
        if (moment % 10 == 0)
            printf("%.1f s: angle %.3f, torque %.3f, cost %.17g\n", 0.05 * moment, state[0], torque,
                   c.y[0]);
        world(state, torque, moment);
        move_on(&c);
    }
    printf("at the end: angle %.3f, speed %.3f\n", state[0], state[1]);
    return fabs(state[0]) < 0.1 ? 0 : 1;
}
