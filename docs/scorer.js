// Sphinx's own scores of search results, and what a reader wants first: how-to guides, then explanations.
var Scorer = {
  score: ([page, title, anchor, description, score]) => {
    if (/^(index|tutorial|how-to\/.*)$/.test(page)) return score + 4;
    if (/^(explanation\/(why|how|time).*|reference\/(everyday|options|fixtures|index))$/.test(page)) return score + 2;
    return score;
  },
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
