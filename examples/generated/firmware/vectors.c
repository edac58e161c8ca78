/* Where a Cortex-M4 begins: the stack, and newlib's start, which calls main. */
extern char stack_top[];
void _start(void);

static void stop(void)
{
    for (;;) {
    }
}

typedef void handler(void);

__attribute__((section(".vectors"), used)) static const struct {
    void *stack;
    handler *handlers[15];
} vectors = {stack_top, {_start, stop, stop, stop, stop, stop}};
