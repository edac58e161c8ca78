/* Steps of recurrent cells, for one float type and one instruction set. The build defines AD_CELLS, the kernel's name,
 * and what row_vectors.h needs. */
#include "kernels/cell_kernel.h"

#include "kernels/elementary.h"
#include "kernels/kernel.h"
#include "kernels/row_vectors.h"

#define NUMBERS(of) ((const number *)(of))
#define PLACE(of)   ((number *)(of))

ROUTINE ad_cell_routine rnn_forward, rnn_back, gru_forward, gru_back, lstm_forward, lstm_back;
ROUTINE ad_cell_routine dual_rnn_forward, dual_rnn_back, dual_gru_forward, dual_gru_back;
ROUTINE ad_cell_routine dual_lstm_forward, dual_lstm_back;
ROUTINE ad_cell_routine gates, reset_forward, reset_back, gates_back;
ROUTINE ad_cell_routine dual_gates, dual_reset_forward, dual_reset_back, dual_gates_back;

/* ---- numbers ------------------------------------------------------------------------------ */

#define EACH_NUMBER \
    (void)t;        \
    AD_LOOP_APART for (int64_t k = 0; k < n; k++)
#define RNN_FORWARD            rnn_forward
#define RNN_BACK               rnn_back
#define GRU_FORWARD            gru_forward
#define GRU_BACK               gru_back
#define GATES                  gates
#define RESET_FORWARD          reset_forward
#define RESET_BACK             reset_back
#define GATES_BACK             gates_back
#define LSTM_FORWARD           lstm_forward
#define LSTM_BACK              lstm_back
#define NUM                    number
#define ZERO                   ((number)0)
#define ONE                    ((number)1)
#define PLUS(a, b)             ((a) + (b))
#define MINUS(a, b)            ((a) - (b))
#define TIMES(a, b)            ((a) * (b))
#define SIGMOID(x)             AD_SIGMOID(x)
#define TANH(x)                AD_TANH(x)
#define GET(list, part)        NUMBERS(v->list)[(part)*n + k]
#define PUT(list, part, value) PLACE(v->list)[(part)*n + k] = (value)
#include "kernels/cell_formulas.h"
#undef EACH_NUMBER
#undef RNN_FORWARD
#undef RNN_BACK
#undef GRU_FORWARD
#undef GRU_BACK
#undef GATES
#undef RESET_FORWARD
#undef RESET_BACK
#undef GATES_BACK
#undef LSTM_FORWARD
#undef LSTM_BACK
#undef NUM
#undef ZERO
#undef ONE
#undef PLUS
#undef MINUS
#undef TIMES
#undef SIGMOID
#undef TANH
#undef GET
#undef PUT

/* ---- dual numbers --------------------------------------------------------------------------- */

typedef struct dual {
    number v, t;
} dual;

INLINE dual plus(dual a, dual b)
{
    return (dual){a.v + b.v, a.t + b.t};
}

INLINE dual minus(dual a, dual b)
{
    return (dual){a.v - b.v, a.t - b.t};
}

INLINE dual times(dual a, dual b)
{
    return (dual){a.v * b.v, a.t * b.v + a.v * b.t};
}

INLINE dual sigmoid(dual x)
{
    number y = AD_SIGMOID(x.v);
    return (dual){y, x.t * (y * (1 - y))};
}

INLINE dual hyperbolic_tangent(dual x)
{
    number y = AD_TANH(x.v);
    return (dual){y, x.t * (1 - y * y)};
}

INLINE void put_dual(void *v, void *t, int64_t i, dual x)
{
    PLACE(v)[i] = x.v;
    PLACE(t)[i] = x.t;
}

#define EACH_NUMBER            for (int64_t k = 0; k < n; k++)
#define RNN_FORWARD            dual_rnn_forward
#define RNN_BACK               dual_rnn_back
#define GRU_FORWARD            dual_gru_forward
#define GRU_BACK               dual_gru_back
#define GATES                  dual_gates
#define RESET_FORWARD          dual_reset_forward
#define RESET_BACK             dual_reset_back
#define GATES_BACK             dual_gates_back
#define LSTM_FORWARD           dual_lstm_forward
#define LSTM_BACK              dual_lstm_back
#define NUM                    dual
#define ZERO                   ((dual){0, 0})
#define ONE                    ((dual){1, 0})
#define PLUS                   plus
#define MINUS                  minus
#define TIMES                  times
#define SIGMOID                sigmoid
#define TANH                   hyperbolic_tangent
#define GET(list, part)        ((dual){NUMBERS(v->list)[(part)*n + k], NUMBERS(t->list)[(part)*n + k]})
#define PUT(list, part, value) put_dual(v->list, t->list, (part)*n + k, value)
#include "kernels/cell_formulas.h"

const ad_cell_kernel AD_CELLS = {
    {rnn_forward, gru_forward, reset_forward, lstm_forward},
    {rnn_back, gru_back, reset_back, lstm_back},
    {dual_rnn_forward, dual_gru_forward, dual_reset_forward, dual_lstm_forward},
    {dual_rnn_back, dual_gru_back, dual_reset_back, dual_lstm_back},
    {gates, dual_gates},
    {gates_back, dual_gates_back}};
