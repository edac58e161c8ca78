/* Lists the built-in operations for scripts/ops-doc, one a line, fields apart by tabs: name, operands
 * (-1: any number), "linear", "none" or "rules" for the derivative, the texts that the op has (names of the
 * operands, formula, three slopes, the derivative in words), and the number types of each operand. */
#include "adze/op.h"

#include <stdio.h>
#include <string.h>

enum { MOST = 7, ATTR_MOST = 256 }; /* operands or results; bytes of an attr */

static int operands_of(const ad_op *op)
{
    return op->arity == AD_VARIADIC ? 1 : op->arity < MOST ? op->arity : MOST;
}

/* Whether some types of the other operands go with this one for operand k, whatever the attr says. */
static bool takes(const ad_op *op, int k, ad_type type)
{
    static const char zeros[ATTR_MOST];
    int n = operands_of(op), combinations = 1;
    for (int i = 0; i < n; i++)
        combinations *= AD_TYPE_COUNT;
    for (int c = 0; c < combinations; c++) {
        ad_type types[MOST], y[MOST];
        for (int i = 0, rest = c; i < n; i++, rest /= AD_TYPE_COUNT)
            types[i] = (ad_type)(rest % AD_TYPE_COUNT);
        if (types[k] == type && !op->type(types, zeros, y))
            return true;
    }
    return false;
}

static void print_types(const ad_op *op, int k)
{
    const char *apart = "\t";
    for (int t = 0; t < AD_TYPE_COUNT; t++)
        if (op->type ? takes(op, k, (ad_type)t) : ad_type_is_float((ad_type)t)) {
            printf("%s%s", apart, ad_type_text((ad_type)t));
            apart = " ";
        }
}

static void print_texts(const ad_op *op)
{
    const char *texts[] = {op->operands, op->formula,  op->slope[0],
                           op->slope[1], op->slope[2], op->derivative};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        printf("\t%s", texts[i] ? texts[i] : "");
}

int main(void)
{
    const ad_op *op;
    for (size_t i = 0; (op = ad_builtin_op(i)); i++) {
        bool none = op->flags & (AD_OP_NO_DERIVATIVE | AD_OP_STOPS);
        if (op->attr_size > ATTR_MOST || op->results > MOST || op->arity > MOST) {
            fprintf(stderr, "error: %s has more than list_ops has room for\n", op->name);
            return 1;
        }
        printf("%s\t%d\t%s", op->name, op->arity,
               none                       ? "none"
               : op->flags & AD_OP_LINEAR ? "linear"
                                          : "rules");
        print_texts(op);
        for (int k = 0; k < operands_of(op); k++)
            print_types(op, k);
        putchar('\n');
    }
    return 0;
}
