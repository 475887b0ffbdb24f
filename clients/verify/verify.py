"""Rebuild the figures of a Countersign report from its evidence: `python verify.py evidence.zip`. Plain numpy, and nothing of the product.

Letters are those of the description: N, pi, m, L (label), y (truth), A = settled and q (second opinions), o = (1−pi)/pi, V_d, V_a, nu.
C are cells of predictions, S labels. `figures.json` says of each printed figure what it is: which predictions, and which metric.
"""
import json, math, sys, zipfile
from collections import Counter, namedtuple
from statistics import NormalDist
from types import SimpleNamespace as Table
import numpy as np
INF, ANY, SHARE, NODES = math.inf, (-math.inf, math.inf), (0.0, 1.0), np.polynomial.legendre.leggauss(100)
ENDS, CLOSER = ("value", "low", "high"), {"win_rate": -1.0, "loss_rate": 1.0, "tie_rate": 0.0}
LEFT = """band joint by_chance checks overrides reveals verdict threshold shift brier log_loss ece average_precision r2 mcc kappa
weighted_f1 accuracy_point_value""".split()
VERSUS, COUNTED = ("_rate", "_difference", "_gain", "_baseline"), ("selection", "disagreement_rate")
class Fig(namedtuple("Fig", "value low high")):
    def times(self, by, plus=0.0):
        ends = [None if end is None else end * by + plus for end in (self.low, self.high)][:: 1 if by >= 0 else -1]
        return Fig(self.value * by + plus, *ends)
def sure(value): return Fig(float(value), float(value), float(value))
def pick(table, mask): return Table(**{name: column[mask] for name, column in vars(table).items()})
def expit(x): return 1 / (1 + np.exp(-x))
def normal(level): return NormalDist().inv_cdf((1 + level) / 2)
def mean_of(x, pi): return float((x / pi).sum() / (1 / pi).sum()) if len(pi) else 0.0
def slopes(f, at):  # derivatives by a complex step
    return np.array([np.imag(f(at + 1e-30j * step.reshape(at.shape))) / 1e-30 for step in np.eye(at.size)]).reshape(at.shape)
def inside(t, df):  # the probability that Student's t lies within −t and t (by Gauss and Legendre), and its derivative
    factor = 2 * math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2)) / math.sqrt(df * math.pi)
    density = factor * (1 + (t * np.append((NODES[0] + 1) / 2, 1)) ** 2 / df) ** (-(df + 1) / 2)
    return t / 2 * float(NODES[1] @ density[:-1]), float(density[-1])
def student(level, df):  # its two-sided quantile, by an expansion in 1/df or by Newton's method
    t = z = normal(level); terms = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96, (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    if df > 1000: return z + sum(term / df**power for power, term in enumerate(terms, 1))
    for _ in range(8): t += (level - (at := inside(t, df))[0]) / at[1]
    return t
def wilson(p, n, z):
    ends = [(p * n + z * z / 2 + side * z * math.sqrt(p * (1 - p) * n + z * z / 4)) / (n + z * z) for side in (-1, 1)]
    return [0.0 if p == 0 else max(ends[0], 0.0), 1.0 if p == 1 else min(ends[1], 1.0)]
def interval(x, V, df, nu, n, kind, limits, plug, level):  # by the logit or the edge rule, the logarithm, or plain
    (lo, hi), se, z = limits, math.sqrt(V), normal(level); held, is_loss = min(max(x, lo), hi), kind == "loss" and lo > -INF
    if V == 0 or kind == "share" and hi - lo < 1e-100: return sure(held)
    reach = student(level, max(df - 10, 5) if is_loss else df) * se
    if is_loss:
        above = reach / (held - lo) if held > lo else INF
        far = held + 1.5 * reach if above >= 1 else min(held + 1.5 * reach, lo + (held - lo) * math.exp(above))
        return Fig(held, lo + (held - lo) * math.exp(-above), far)
    if kind != "share": return Fig(held, min(max(x - reach, lo), hi), max(min(x + reach, hi), lo))
    p, r, own = (x - lo) / (hi - lo), reach / (hi - lo), se / (hi - lo)
    logit = [expit(math.log(p / (1 - p)) + side * r / (p * (1 - p))) for side in (-1, 1)] if 0 < p < 1 else [p, p]
    if lo < x - reach and x + reach < hi: ends = logit if nu >= 8 else [min(logit[0], p - z * own), max(logit[1], p + z * own)]
    else:
        n, edge = max(n, 1.0), 1 / (2 * max(n, 1.0))
        a = min(max(p if plug is None else (plug - lo) / (hi - lo), min(edge, 0.5)), max(1 - edge, 0.5))
        score = wilson(min(max(p, 0.0), 1.0), min(a * (1 - a) / own**2, n), z)
        ends = [min(max(p - r, 0.0), 1.0, score[0]), max(min(p + r, 1.0), 0.0, score[1])]
        if edge <= p <= 1 - edge: ends = [min(ends[0], max(logit[0], p - 1.5 * r, 0)), max(ends[1], min(logit[1], p + 1.5 * r, 1))]
    return Fig(held, min(lo + (hi - lo) * float(ends[0]), held), max(lo + (hi - lo) * float(ends[1]), held))
def overturned(S, L, y, beta, prior):  # epsilon: where reviewer and model differed, and where they agreed
    weight = S.settled * (1 - S.q) / (S.q * S.pi**2) * beta**2
    def one(w, change, prior): return (w @ change / w.sum() * len(w) + prior) / (len(w) + 1) if len(w) else prior
    kinds = [(S.agreed == kind) & (weight > 0) for kind in (0, 1)]
    return np.array([one(weight[at], (y - L)[at] ** 2, before) for at, before in zip(kinds, prior)])
RATES = {  # of each class against the rest, from right, predicted, true and N; and what they divide by
    "precision": (lambda r, p, t, N: r / p, lambda p, t, N: p), "recall": (lambda r, p, t, N: r / t, lambda p, t, N: t),
    "specificity": (lambda r, p, t, N: (N - t - p + r) / (N - t), lambda p, t, N: N - t),
    "f1": (lambda r, p, t, N: 2 * r / (p + t), lambda p, t, N: t),
    "accuracy": (lambda r, p, t, N: r.sum() / N + 0 * r, lambda p, t, N: N + 0 * p)}
class Part(Table):  # some predictions of the window w; prior: what epsilon begins with
    N = property(lambda self: float(self.C.n.sum())); ones = property(lambda self: np.ones(len(self.S.pi)))
    is_full = property(lambda self: not self.C.odds.any() and bool(self.S.constant.all()) and len(self.S.pi) == self.N)
    def of(self, **changes): return Part(**{**vars(self), **changes})
    def where(self, cells, labels): return self.of(C=pick(self.C, cells), S=pick(self.S, labels), prior=self.passed())
    def passed(self): return overturned(self.S, self.S.label, self.S.truth, self.ones, self.prior) if self.w.binary else self.prior
    def compared(self): return self.where(self.C.other >= 0, self.S.other >= 0) if (self.C.other < 0).any() else self
    def saying(self, said):  # as if something else had been decided
        C, S = (Table(**{**vars(t), "said": said(t)}) for t in (self.C, self.S)); return self.of(C=C, S=S, prior=self.passed())
    def refuses(self, onc, onl): return self.N == 0 or bool(onc.any() and ((self.C.lost > 0)[onc].any() or not onl.any()))
    def second(self, L, y, beta, prior):  # what second opinions add to V_d, to V_a, and to nu_a; by label
        S, eps = self.S, overturned(self.S, L, y, beta, prior)[self.S.agreed]
        spread = (1 - S.pi) / (S.pi * S.q) ** 2 + (1 - S.q) / (S.q**2 * S.pi)
        return (beta**2 * S.settled * (1 - S.q) / (S.q**2 * S.pi) * (y - L) ** 2,
                beta**2 * (1 - S.q) / (S.q * S.pi**2) * eps, np.where(S.q < 1, beta**4 * S.q * eps * spread**2, 0))
    def conclude(self, value, P, onc, onl, kind="share", limits=SHARE, plug=None, b=1.0, amounts=False, trials=1):  # V_d, V_a, nu
        if self.refuses(onc, onl) or not onc.any(): return None if self.refuses(onc, onl) else sure(value)
        S, (o, o2) = self.S, (self.C.amount2_odds, self.C.amount4_odds2) if amounts else (self.C.odds, self.C.odds2)
        of_d, of_a, of_nu = self.second(*P.unit, b * P.beta, P.prior)
        first, fourth = float((o * P.v2).sum()), float((o2 * P.v4).sum() + of_nu.sum())
        nu = 0.0 if first == 0 and o2[onc].any() else first / fourth * first if fourth > 0 else INF
        terms = (b**2 * (1 - S.pi) / S.pi**2 * P.b**2 + of_d) / self.N**2
        return self.moderated(value, terms, (first + of_a.sum()) / self.N**2, nu, onl, kind, limits, plug, trials)
    def moderated(self, value, terms, V_a, nu, onl, kind, limits, plug, trials=1, is_hajek=False):
        v, V_d = terms / (terms.max(initial=0.0) or 1.0), float(terms.sum())
        nu_r = min(float(v.sum() ** 2 / (v**2).sum()) if v.any() else 0.0, nu)
        V, df = max(V_d, (nu_r * V_d + 10 * V_a) / (nu_r + 10)), nu_r + (5 if nu < 1 and V_d < V_a and not is_hajek else 10)
        n = int((onl & ~self.S.constant).sum()) * trials
        return interval(float(value), V, df, INF if is_hajek else nu, n, kind, limits, plug, self.level)
    # Classes: a figure is the mean of F[i, y], what truth y makes of cell or label i.
    def expected(self, t, least=0.0):  # m, the chance of each class to be true
        x = expit(self.ab[t.said, 0] + self.ab[t.said, 1] * self.w.centers[t.bin])
        c = np.clip(np.where(t.said == 1, x, 1 - x) if self.w.binary else x, least, 1 - least)
        return (1 - c)[:, None] * self.instead[t.said] + c[:, None] * np.eye(self.w.K)[t.said]
    def answers(self):  # y by class: L + (A/q)(y − L)
        S, one, settled = self.S, np.eye(self.w.K), (self.S.settled / self.S.q)[:, None]
        return one[S.label.astype(int)] * (1 - settled) + one[S.truth.astype(int)] * settled
    def pseudo(self, of, reach=0.0):  # moments of F under m, and brackets b; `of` gives F of a table
        S, w, W, F, G = self.S, self.w, self.W, of(self.C), of(self.S)
        def under(t, truth): return of(t)[np.arange(len(truth)), truth.astype(int)]
        m, L, y, prior = self.expected(self.C, 1e-4 if w.binary else 0.0), under(S, S.label), under(S, S.truth), np.full(2, reach**2 / 2)
        if W is not None and not w.binary: prior = overturned(W, under(W, W.label), under(W, W.truth), np.ones(len(W.pi)), prior)
        unit, beta, prior = ((S.label, S.truth), G[:, 1] - G[:, 0], self.prior) if w.binary else ((L, y), self.ones, prior)
        v2, v4 = ((m * (F - (m * F).sum(1)[:, None]) ** power).sum(1) for power in (2, 4))
        mean, b = (self.expected(self.C) * F).sum(1), ((self.answers() - self.expected(S)) * G).sum(1)
        return Table(mean=mean, v2=v2, v4=v4, b=b, y=y, unit=unit, beta=beta, prior=prior)
    def total(self, P, of_cells, of_labels=1.0): return float((of_cells * P.mean).sum() + (of_labels * P.b / self.S.pi).sum())
    def sums(self, of_cells, of_labels):  # estimated totals by class predicted and true
        T = np.zeros((self.w.K, self.w.K)); np.add.at(T, self.C.said, of_cells[:, None] * self.expected(self.C))
        np.add.at(T, self.S.said, (of_labels / self.S.pi)[:, None] * (self.answers() - self.expected(self.S))); return T
    is_unscored = property(lambda self: self.w.binary and (self.is_plain or (self.C.bin < 0).all() and (self.S.bin < 0).all()))
    def table(self):  # estimated shares
        if not self.is_unscored: return self.sums(self.C.n, self.ones) / self.N
        T = np.zeros((2, 2)); np.add.at(T, self.S.said, self.answers() / self.S.pi[:, None]); return T / T.sum()
    def rate(self, name, k=None):  # a metric of class k, or its mean over all
        w, S, C, K, (of, divisor), cut = self.w, self.S, self.C, self.w.K, RATES[name], slice(None) if k is None else slice(k, k + 1)
        def f(x, cut=cut): return of(*x, x[1].sum())[cut].mean()
        def fails(x, cut=cut): return np.min(divisor(x[1], x[2], x[1].sum())[cut]) <= 1e-14 * x[1].sum()
        def margins(T): return np.array([np.diag(T), T.sum(1), T.sum(0)])
        def counted(S): T = np.zeros((K, K)); np.add.at(T, (S.said, S.truth.astype(int)), 1.0); return margins(T)
        if self.is_unscored and not len(S.pi) or fails(x := margins(self.table())): return None
        br, bp, bt = slopes(f, x); F, certain = bt[None, :] + np.diag(br), counted(pick(S, S.constant))
        left = np.maximum(np.bincount(C.said, C.n, K) - certain[1], 0)
        def corners(j):  # what a share can be, whatever the labels that are missing say
            ends = [certain + [left * hit, left, left * hit + (left.sum() - left) * miss] for hit in (0, 1) for miss in (0, 1)]
            bad = any((end[1] + end[2])[j] <= 0 if name == "f1" and w.binary else fails(end, slice(j, j + 1)) for end in ends)
            return SHARE if bad else [extreme(f(end, slice(j, j + 1)) for end in ends) for extreme in (min, max)]
        limits, varies = np.mean([corners(j) for j in range(K)[cut]], axis=0), np.ptp(F, axis=1) > 0
        if self.is_unscored:
            return self.hajek(f(x), G := (bp[:, None] + F)[S.said], mean_of((self.answers() * G).sum(1), S.pi), "share", limits)
        if not w.binary and not varies[C.said].any() and (not len(S.pi) or fails(counted(S))): return None
        m, P = margins(self.sums(C.n, 0 * S.pi)), self.pseudo(lambda t: F[t.said], float(np.ptp(F)))
        return self.conclude(f(x), P, varies[C.said], varies[S.said], "share", limits, None if fails(m) else float(f(m)))
    def hajek(self, value, G, mean, kind, limits=ANY, b=1.0):  # Hájek's mean, where no score says what to expect
        S, n, beta, N, rest = self.S, len(self.S.pi), (G[:, 1] - G[:, 0]) * b, self.N, (self.answers() * G).sum(1) * b - mean
        if self.refuses(self.C.n > -1, S.pi > 0): return None
        v2, v4 = ((n * mean_of(rest**power, S.pi) + mean_of(beta**power, S.pi) / 2**power) / (n + 1) for power in (2, 4))
        of_d, of_a, of_nu = self.second(S.label, S.truth, beta, self.prior)
        first, fourth, n_open = self.C.odds.sum() * v2, self.C.odds2.sum() * v4 + of_nu.sum(), (~S.constant).sum()
        terms = ((1 - S.pi) / S.pi**2 * rest**2 + of_d) / (1 / S.pi).sum() ** 2
        nu, plug = float(first / fourth * first) if fourth > 0 else INF, (value * n_open + 0.5) / (n_open + 1)
        return self.moderated(value, terms, (first + of_a.sum()) / N**2, nu, S.pi > 0, kind, limits, plug, is_hajek=True)
    def worth(self, M, amounts=False, against=False):  # the mean value of a decision, or of what it is worth above the baseline's
        C, S, b, stake = self.C, self.S, self.S.amount if amounts else self.ones, self.C.amount if amounts else self.C.n
        def of(t): return M[t.said] - M[t.other] * against
        (F, onc), (G, onl) = ((of(t), np.ptp(of(t), axis=1) > 0) for t in (C, S))
        if self.is_unscored:
            settled, part = float((F[:, 0] * stake)[~onc].sum()) / self.N, self.of(C=pick(C, onc), S=pick(S, onl))
            mean = mean_of((part.answers() * G[onl]).sum(1) * b[onl], part.S.pi)
            found = part.hajek(mean, G[onl], mean, "plain", b=b[onl]) if onc.any() else sure(0)
            return found and found.times(part.N / self.N, settled)
        P = self.pseudo(of, float(np.ptp(M)))
        ends = [float(C.n @ end(F, axis=1) + (P.y - end(G, axis=1))[S.constant].sum()) / self.N for end in (np.min, np.max)]
        return self.conclude(self.total(P, stake, b) / self.N, P, onc, onl, "plain", ANY if amounts else ends, b=b, amounts=amounts)
    def auc(self):  # of the bins of the score; once all is known, of the scores
        C, S, N = self.C, self.S, self.N
        if (C.bin < 0).any() or (S.bin < 0).any(): return None
        P, (n, s, s2) = self.pseudo(lambda t: np.tile(SHARE, (len(t.bin), 1))), (np.bincount(C.bin, x) for x in (C.n, C.score, C.score2))
        def f(x, n=n): return x @ (np.cumsum(n - x) - (n - x) / 2) / (x.sum() * (n - x).sum())
        at, m = np.unique(S.score, return_inverse=True)[1], np.bincount(C.bin, C.n * P.mean)
        x = np.bincount(at, S.truth) if self.is_full else m + np.bincount(S.bin, P.b / S.pi, len(n))
        if x.sum() <= 0 or x.sum() >= N or not self.is_full and ((n * s2 - s**2 > 1e-11 * n * s2) & (n > 0.05 * N)).any(): return None
        if self.is_full: return sure(f(x, np.bincount(at)))
        P = self.pseudo(lambda t, u=slopes(f, x) * N: np.column_stack([0 * t.bin, u[t.bin]]))
        return self.conclude(f(x), P, C.n > 0, S.pi > 0, plug=f(m), trials=2)
    # Numbers: a figure is the mean of under(prediction, baseline, truth); below the gap code `since` it is 0 for certain.
    def mean(self, under, limits=ANY, since=-1, amounts=False, is_checked=True):
        C, S, W, b, N, reach = self.C, self.S, self.W, self.S.amount if amounts else self.ones, self.N, limits[1] - limits[0]
        (onc, onl, whole), group, more = (t.other >= since for t in (C, S, W)), "other" if since > 0 else "group", reach if reach < 9 else 0
        def of(t, truth): return np.where(t.other >= since, under(t.number, t.rival, truth), 0.0)
        y, L, every, pi = of(S, S.truth), of(S, S.label), of(W, W.truth), W.pi[whole]
        if N and not onc.any(): return sure(0)
        if self.refuses(onc, onl) or C.odds[onc].any() and W.constant.all(): return None
        if is_checked and reach == INF and not self.is_full and np.ptp(every[whole]) == 0: return None
        place, x, n, scale, center = getattr(W, group)[whole], every[whole], len(pi), 1 / (1 / pi).mean(), mean_of(every[whole], pi)
        def summed(v): return np.bincount(place, scale / pi * v, 41)
        def shrunk(total, weight, toward): return (total + 5 * toward) / (weight + 5)
        weight, total, own = summed(1.0 + 0 * x), summed(x), scale / S.pi
        m, at, mine = shrunk(total, weight, center), np.where(onc, getattr(C, group), 0), np.where(onl, getattr(S, group), 0)
        v2, v4 = ((n * shrunk(summed((x - m[place]) ** k), weight, mean_of((x - center) ** k, pi))[at] + (more / 2) ** k)
                  / (n + (more > 0)) * onc for k in (2, 4))
        others = (total.sum() - own * y) / np.maximum(weight.sum() - own, 1e-9 * weight.sum())
        left = np.where(S.pi == 1, m[mine], shrunk(total[mine] - own * y, weight[mine] - own, others))
        prior = overturned(W, of(W, W.label), every, 1 + 0 * every, [(more**2 if more else mean_of((x - center) ** 2, pi)) / 2] * 2)
        P = Table(mean=m[at] * onc, v2=v2, v4=v4, b=(L - left + S.settled / S.q * (y - L)) * onl, unit=(L, y), beta=1.0 * onl, prior=prior)
        stake, certain, rest = C.amount if amounts else C.n, (y * b)[S.constant & onl].sum(), C.n[onc].sum() - (S.constant & onl).sum()
        value, kind = self.total(P, stake, b) / N, "plain" if limits[0] < 0 else "loss" if reach == INF else "share"
        ends = [(certain + (end * max(rest, 0.0) if 0 < abs(end) < INF else end)) / N for end in limits] if limits != ANY else ANY
        return self.conclude(value, P, onc, onl, kind, ends, stake @ P.mean / N if kind == "share" else None, b, amounts)
    def number(self, name):
        over, under, amounts = (self.w.worth.get(each, 0.0) for each in ("over", "under", "uses_amount"))
        holds, loss, is_rival, amounts = self.w.holds, (0.0, INF), name.endswith("_baseline"), amounts and name[:4] in ("valu", "loss")
        def cost(a, y): return over * np.maximum(a - y, 0) + under * np.maximum(y - a, 0)
        if name in CLOSER:  # which one is nearer, where they differ by more than the tolerance
            def nearer(a, b, y): return np.sign(abs(a - y) - abs(b - y)) == CLOSER[name]
            part = self.where(self.C.other > 20, self.S.other > 20)
            return part.mean(nearer, SHARE, 21, is_checked=False) if part.N else None
        gains = {"mae_gain": lambda a, b, y: abs(b - y) - abs(a - y), "value_difference": lambda a, b, y: cost(b, y) - cost(a, y),
                 "within_gain": lambda a, b, y: 1.0 * holds(a, y) - holds(b, y)}
        if name in gains: return self.mean(gains[name], (-1.0, 1.0) if name == "within_gain" else ANY, 1, amounts)
        of, limits = {"mae": (lambda a, y: abs(a - y), loss), "mse": (lambda a, y: (a - y) ** 2, loss), "bias": (np.subtract, ANY),
                      "within": (holds, SHARE)}.get(name.removesuffix("_baseline"), (cost, loss))
        found = self.mean(lambda a, b, y: of(b if is_rival else a, y), limits, 0 if is_rival else -1, amounts)
        return found and found.times(-1 if "value" in name else 1)
    def metric(self, name, k=None):  # a figure by its name; k: the class, or classes, that it is about
        w, C, K, is_rival = self.w, self.C, self.w.K, name.endswith("_baseline")
        if is_rival and K and (part := self.compared()).N:  # as if the baseline had decided
            part = part.saying(lambda t: t.other).of(prior=self.passed(), **{} if w.binary else {"W": None, **self.fitted})
            return part.worth(w.M, w.amounts) if "value" in name else part.rate("accuracy")
        if not self.N or name.endswith(VERSUS) and (C.other < 0).any(): return self.compared().metric(name, k) if self.N else None
        if name in COUNTED:
            p = float(C.n[C.said == k if name == "selection" else C.said != C.other if K else C.other > 20].sum() / self.N)
            return Fig(p, *wilson(p, self.N, normal(self.level)))
        if name == "rmse": return (mse := self.number("mse")) and Fig(*(math.sqrt(end) for end in mse))
        if not K: return self.number(name)
        money = {"value": (w.M, w.amounts), "value_difference": (w.M, w.amounts, True), "accuracy_difference": (np.eye(K), False, True),
                 "loss": (np.maximum(np.diag(w.M)[None, :] - w.M, 0), w.amounts)}
        if name in money: return self.worth(*money[name])
        if name == "stated_gap":  # as if all were predicted positive
            found = None if (C.bin < 0).any() else (self.saying(lambda t: 0 * t.bin + 1) if w.binary else self).rate("accuracy")
            return found and found.times(1, -float(C.score.sum() / self.N))
        if name == "share" and (w.binary or len(k) == 1 and (C.said == k[0]).all()):
            return (found := self.rate("accuracy")) and found.times(*(1, 0) if C.said[0] in k else (-1, 1))
        if name == "share": return self.worth(np.tile(np.isin(np.arange(K), k), (K, 1)).astype(float))
        if name == "win_rate": return self.where(C.said != C.other, self.S.said != self.S.other).of(is_plain=True).metric("accuracy")
        if name == "auc": return self.auc()
        of = name.rpartition("_")[2].replace("accuracy", "recall" if "_" in name else "accuracy")  # balanced: the mean recall
        return self.rate(of, 1 if w.binary and k is None and name in RATES and name != "accuracy" else k)
def compared(one, other, how, share):  # MOVER: each end of a difference or a ratio from the ends that face it
    if one is None or other is None or how == "ratio" and other.value == 0: return None
    (a, al, ah), (b, bl, bh) = one, other
    if how != "ratio": return Fig(a - b, a - b - math.hypot(a - al, bh - b), a - b + math.hypot(ah - a, b - bl)).times(1 - share)
    def end(to, by, sign):
        x, y = to * (2 * a - to), by * (2 * b - by); return max((a * b + sign * math.sqrt(max((a * b) ** 2 - x * y, 0.0))) / y, 0.0)
    return Fig(a / b, end(al, bh, -1), None if bl <= 0 else end(ah, bl, 1))
class Report:
    def __init__(self, path):
        with zipfile.ZipFile(path) as file:
            self.document, inputs, self.figures = (json.loads(file.read(f"{name}.json")) for name in ("report", "inputs", "figures"))
            self.C, S = C, _ = [self.read(file.open(f"{name}.csv")) for name in ("cells", "labels")]
        if not inputs["is_all_logged"]: sys.exit("not rebuilt: senders logged only a part of their traffic")
        (by, share), (ab, instead), worth = inputs["tolerance"], map(np.array, inputs["expected"]), inputs["worth"] or {}
        def holds(a, y): return np.abs(a - y) <= np.maximum(by, share * np.maximum(np.abs(a), np.abs(y))) * (1 + 1e-9)
        w = Table(K=len(inputs["classes"]), binary=inputs["task"] == "binary", holds=holds, worth=worth, amounts=worth.get("uses_amount"),
                  M=np.array(worth.get("matrix", [])), centers=np.array([*inputs["score_centers"], 0.0]))
        for t in (C, S): vars(t).update({name: getattr(t, name).astype(int) for name in ("said", "other", "bin", "group")})
        S.agreed = (S.label == S.said if w.K else holds(S.label, S.number)).astype(int)
        S.constant, S.q = (np.isnan(S.q) | (S.q == 1) & (S.settled == 1)) & (S.pi == 1), np.where(S.q > 0, S.q, 1.0)
        self.whole = Part(w=w, C=pick(C, C.slice < 0), S=S, W=S, prior=np.full(2, 0.5), ab=ab, instead=instead, is_plain=False)
        self.days, self.prior, self.is_unseen = inputs["days"], self.whole.passed(), 2 in self.whole.C.part and 2 not in S.part
    def read(self, file):
        names = file.readline().decode().strip().split(","); table = np.loadtxt(file, delimiter=",", ndmin=2).reshape(-1, len(names))
        return Table(**dict(zip(names, table.T)))
    def part(self, spec):  # the predictions that a figure is about
        C, S, (place, code), is_rest = self.C, self.whole.S, spec.get("slice", (-1, -1)), spec.get("is_rest", False)
        days, own = range(*spec["days"]) if "days" in spec else self.days[spec["part"]], getattr(S, f"slice_{place}", 0 * S.day - 1)
        def mine(t, own): return np.isin(t.day, days) & ((own == code) != is_rest) & ((own >= 0) | (place < 0))
        part = self.whole.of(C=pick(C, mine(C, C.value) & (C.slice == place)), S=pick(S, mine(S, own)), prior=self.prior,
                             level=spec.get("level", 0.95), fitted=dict(zip(("ab", "instead"), map(np.array, spec.get("expected") or ()))))
        keys = {"said", "bin"} & set(spec)
        masks = [np.all([np.isin(getattr(t, key), spec[key]) for key in keys], axis=0) for t in (part.C, part.S)]
        if "decide" in spec and part.w.binary: part = part.saying(lambda t: (t.bin >= spec["decide"]).astype(int))
        return part.where(*masks) if keys else part
    def rebuilt(self, spec):
        if "of" in spec:
            n, other = (self.part(each).N for each in spec["of"])
            return compared(*map(self.rebuilt, spec["of"]), spec["how"], n / (n + other) if spec["how"] == "above" else 0.0)
        part, name = self.part(spec), spec["metric"]; chosen = {key: value for key, value in spec.items() if key not in ("said", "bin")}
        if self.is_unseen and name not in COUNTED and 2 in self.part(chosen).C.part: return None  # neither outcome nor review
        found = part.metric(name, spec.get("class"))
        times = (part.compared() if name.endswith(VERSUS) else part).N if spec.get("is_total") else 1
        return found and found.times(times * spec.get("times", 1), spec.get("plus", 0))
def printed(node, path=()):  # every figure by its place
    if isinstance(node, dict) and {*ENDS, "method"} <= set(node): yield path, node
    elif isinstance(node, dict | list):
        for name, value in node.items() if isinstance(node, dict) else enumerate(node): yield from printed(value, (*path, name))
def gap_of(was, now):  # relative to the figure and its range
    if None in (was, now) or [end is None for end in was] != [end is None for end in now]: return 0.0 if was == now else INF
    return max(abs(a - b) for a, b in zip(was, now) if a is not None) / max(1e-4, *(abs(end) for end in was if end is not None))
def main(path):
    np.seterr(all="ignore"); report, gaps, wrong = Report(path), {}, 0
    left = dict(printed(report.document | {"results": [], "restatements": []}))  # without copies, and what earlier reports said
    for spec in [spec for spec in report.figures if not set(LEFT) & set(spec["at"])]:
        at, was, found = tuple(spec["at"]), report.document, report.rebuilt(spec)
        for step in at: was = was[step]
        was, now = None if was["value"] is None else [was[end] for end in ENDS], found and list(found)
        gaps.setdefault(".".join(str(step) for step in at[:2] if isinstance(step, str)), []).append(gap_of(was, now)); left.pop(at, None)
        if not gap_of(was, now) <= 1e-8: wrong += 1; print(f"differs: {'.'.join(map(str, at))}: printed {was}, rebuilt {now}")
    for section, each in gaps.items(): print(f"{section}: {len(each)} figures rebuilt, largest difference {max(each):.1e}")
    for why, n in Counter(next((why for why in LEFT if why in at), ".".join(map(str, at))) for at in left).items():
        print(f"not rebuilt: {why}, {n} figures{'' if why in LEFT else ' (unknown to this program)'}")
    return 1 if wrong or any(not set(LEFT) & set(at) for at in left) else 0
if __name__ == "__main__": sys.exit(main(sys.argv[1]))
