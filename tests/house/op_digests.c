/* Prints a digest of the result and the gradients of each built-in operation that takes tensors alone, in f32
 * and in f64: two builds of the library that compute the same bits print the same. */
#include <adze.h>
#include <inttypes.h>
#include <stdio.h>

enum { SIDE = 24, COUNT = SIDE * SIDE, MOST = 3 };

typedef struct numbers {
    float f32[MOST][COUNT];
    double f64[MOST][COUNT];
} numbers;

/* Between 0 and 1, scattered. */
static void fill(numbers *x)
{
    for (int k = 0; k < MOST; k++)
        for (int i = 0; i < COUNT; i++) {
            x->f64[k][i] = 0.05 + 0.9 * (i * (37 + 2 * k) % 577) / 577;
            x->f32[k][i] = (float)x->f64[k][i];
        }
}

static void print_digest(ad_tape *t, const ad_op *op, ad_type type, const numbers *from)
{
    ad_tensor x[MOST];
    for (int k = 0; k < op->arity; k++) {
        const void *data = type == AD_F32 ? (const void *)from->f32[k] : from->f64[k];
        x[k] = ad_watch(t, ad_view_of(type, data, AD_SHAPE(SIDE, SIDE)));
    }
    ad_status status = ad_backward(ad_sum(ad_apply(op, x, NULL)));
    printf("%s %s %016" PRIx64 " %s\n", op->name, ad_type_text(type), ad_tape_digest(t, SIZE_MAX),
           ad_status_text(status));
    ad_tape_reset(t);
}

int main(void)
{
    static numbers x;
    fill(&x);
    ad_tape *t = ad_tape_new(NULL);
    const ad_op *op;
    for (size_t i = 0; (op = ad_builtin_op(i)); i++)
        if (op->attr_size == 0 && op->arity >= 1 && op->arity <= MOST && op->results <= 1) {
            print_digest(t, op, AD_F32, &x);
            print_digest(t, op, AD_F64, &x);
        }
    ad_tape_free(t);
}
