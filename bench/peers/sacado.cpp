// Small operations and the lesson's network in Sacado: reverse mode over scalar operations (Trad),
// in f64.
#include "measuring.hpp"

#include <Sacado_trad.hpp>

typedef Sacado::Rad::ADvar<double> Number;

static double chain_gradient(int ops)
{
    Number x(0.5), a(1), b(1e-6);
    Number y = measuring::chain(x, a, b, ops);
    Number::Gradcomp();
    return x.adj() + a.adj() + b.adj();
}

static void step(std::vector<double> &p, const std::vector<double> &x)
{
    std::vector<Number> w(p.begin(), p.end());
    Number loss = measuring::loss_of(w.data(), x.data(), 3.0);
    Number::Gradcomp();
    for (std::size_t i = 0; i < p.size(); i++)
        p[i] -= measuring::rate * w[i].adj();
}

int main(int argc, char **argv)
{
    measuring::Peer peer("sacado", argc, argv);
    volatile double sink;
    for (const auto &c : measuring::chains())
        peer.measure(c.name, c.ops, [&] { sink = chain_gradient(c.ops); });
    std::vector<double> p = measuring::initial_parameters(), x(measuring::inputs, 0.5);
    peer.measure("step_b1", 1, [&] { step(p, x); });
    (void)sink;
    peer.tell();
}
