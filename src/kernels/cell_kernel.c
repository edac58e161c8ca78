/* Steps of recurrent cells, for one float type and one instruction set. The build defines AD_CELLS, the kernel's name,
 * and what vectors.h needs. */
#include "kernels/cell_kernel.h"

#include "kernels/elementary.h"
#include "kernels/kernel.h"
#include "kernels/vectors.h"

/* Number k of a part; a state has one part. */
#define NUMBERS(of) ((const number *)(of))
#define PLACE(of)   ((number *)(of))

/* ---- numbers ------------------------------------------------------------------------------ */

#define EACH_NUMBER \
    (void)t;        \
    AD_LOOP_APART for (int64_t k = 0; k < n; k++)
#define FORM(name)             name
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
#undef FORM
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
#define FORM(name)             dual_##name
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

#define EACH_CELL(way)                   \
    {                                    \
        rnn_##way, gru_##way, lstm_##way \
    }
#define EACH_DUAL_CELL(way)                             \
    {                                                   \
        dual_rnn_##way, dual_gru_##way, dual_lstm_##way \
    }

const ad_cell_kernel AD_CELLS = {EACH_CELL(forward), EACH_CELL(back), EACH_DUAL_CELL(forward),
                                 EACH_DUAL_CELL(back)};
