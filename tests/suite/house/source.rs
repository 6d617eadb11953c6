//! One source file as the rules see it: what it names, what it declares, how much code it holds.
//!
//! [`Source::parse`] reads with `syn` and looks into macros and attributes token by token, where
//! `syn` does not. What is compiled for tests only (`#[cfg(test)]`, `#[test]`) is left out.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use syn::{
    Attribute, Item, Meta, UseTree,
    spanned::Spanned,
    visit::{self, Visit},
};

/// A path that a file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// Its segments; a glob ends in `*`.
    pub(super) path: Vec<String>,
    /// The line, from 1.
    pub(super) line: usize,
}

/// A module in another file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Child {
    /// Its place, from the root of the crate.
    pub(super) module: Vec<String>,
    /// Whether only tests compile it.
    pub(super) test: bool,
}

/// A file.
#[derive(Debug)]
pub(super) struct Source {
    /// Relative to the folder of the crate's root.
    pub(super) path: String,
    /// What it names inside of the crate, from the crate's root (`crate` itself left out).
    pub(super) inner: Vec<Named>,
    /// All other paths of two or more segments, as written.
    pub(super) outer: Vec<Named>,
    /// The modules that it has in other files.
    pub(super) children: Vec<Child>,
    /// Lines of items that are neither `use` nor `mod name;`.
    pub(super) bodies: Vec<usize>,
    /// Lines with `async` or `.await`.
    pub(super) waits: Vec<usize>,
    /// Lines with `#[path]`.
    pub(super) detours: Vec<usize>,
    /// Whether it begins with a `//!` comment that says something.
    pub(super) header: bool,
    /// How many lines hold code, tests and comments left out.
    pub(super) code_lines: usize,
}

impl Source {
    pub(super) fn parse(path: &str, text: &str) -> Self {
        let tokens: TokenStream = text
            .parse()
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        let file: syn::File =
            syn::parse2(tokens.clone()).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut collector = Collector {
            module: module_of(path),
            ..Collector::default()
        };
        for attribute in &file.attrs {
            collector.visit_attribute(attribute);
        }
        for item in &file.items {
            if !matches!(item, Item::Use(_))
                && !matches!(item, Item::Mod(m) if m.content.is_none())
                && !attributes(item).iter().any(is_test)
            {
                collector.bodies.push(line(item.span()));
            }
            collector.visit_item(item);
        }
        let mut code = BTreeSet::new();
        code_lines(tokens, &mut code);
        Self {
            path: path.to_owned(),
            inner: collector.inner,
            outer: collector.outer,
            children: collector.children,
            bodies: collector.bodies,
            waits: collector.waits,
            detours: collector.detours,
            header: text
                .lines()
                .find(|line| !line.trim().is_empty())
                .and_then(|line| line.strip_prefix("//!"))
                .is_some_and(|said| !said.trim().is_empty()),
            code_lines: code.difference(&collector.test_lines).count(),
        }
    }
}

/// Returns the module that a file is: `a/b.rs` and `a/b/mod.rs` are both `a::b`.
pub(super) fn module_of(path: &str) -> Vec<String> {
    let stem = path.strip_suffix(".rs").unwrap_or(path);
    let stem = stem.strip_suffix("/mod").unwrap_or(stem);
    match stem {
        "lib" | "main" => Vec::new(),
        _ => stem.split('/').map(str::to_owned).collect(),
    }
}

#[derive(Default)]
struct Collector {
    module: Vec<String>,
    inner: Vec<Named>,
    outer: Vec<Named>,
    children: Vec<Child>,
    bodies: Vec<usize>,
    waits: Vec<usize>,
    detours: Vec<usize>,
    test_lines: BTreeSet<usize>,
}

impl Collector {
    fn name(&mut self, path: Vec<String>, line: usize) {
        let mut segments = path.iter().map(String::as_str).peekable();
        let mut at = match segments.peek() {
            Some(&"crate") => Vec::new(),
            Some(&("self" | "super")) => self.module.clone(),
            _ => {
                if path.len() > 1 {
                    self.outer.push(Named { path, line });
                }
                return;
            }
        };
        for segment in segments {
            match segment {
                "crate" | "self" => {}
                "super" => {
                    at.pop();
                }
                name => at.push(name.to_owned()),
            }
        }
        if !at.is_empty() {
            self.inner.push(Named { path: at, line });
        }
    }

    fn use_tree(&mut self, before: &[String], tree: &UseTree) {
        let with = |name: String| [before, &[name]].concat();
        match tree {
            UseTree::Path(path) => self.use_tree(&with(path.ident.to_string()), &path.tree),
            UseTree::Name(name) => self.name(with(name.ident.to_string()), line(name.span())),
            UseTree::Rename(name) => self.name(with(name.ident.to_string()), line(name.span())),
            UseTree::Glob(glob) => self.name(with("*".to_owned()), line(glob.span())),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.use_tree(before, tree);
                }
            }
        }
    }

    /// Finds paths where `syn` sees tokens only. With `quoted` also those in string literals, as in
    /// `#[serde(with = "crate::room")]`.
    fn scan(&mut self, tokens: TokenStream, quoted: bool) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let is_colon = |index: usize| matches!(tokens.get(index), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
        let mut index = 0;
        while let Some(token) = tokens.get(index) {
            index += 1;
            match token {
                TokenTree::Group(group) => self.scan(group.stream(), quoted),
                TokenTree::Literal(literal) if quoted => {
                    let text = syn::parse_str::<syn::LitStr>(&literal.to_string());
                    let path = text.and_then(|text| text.parse::<syn::Path>());
                    if let Ok(path) = path {
                        self.name(segments(&path), line(literal.span()));
                    }
                }
                TokenTree::Ident(ident) => {
                    let mut path = vec![ident.to_string()];
                    while is_colon(index) && is_colon(index + 1) {
                        index += 2;
                        match tokens.get(index) {
                            Some(TokenTree::Ident(next)) => path.push(next.to_string()),
                            // `crate::{a::b, c::d}` inside of a macro: a use that is not one path.
                            Some(TokenTree::Group(group))
                                if group.delimiter() == Delimiter::Brace =>
                            {
                                path.push("*".to_owned());
                            }
                            _ => break,
                        }
                        index += 1;
                    }
                    if path.len() > 1 {
                        self.name(path, line(ident.span()));
                    }
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }

    fn leave_out(&mut self, span: Span) {
        self.test_lines.extend(span.start().line..=span.end().line);
    }
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item(&mut self, item: &'ast Item) {
        let test = attributes(item).iter().any(is_test);
        if test {
            self.leave_out(item.span());
        }
        if let Item::Mod(module) = item {
            self.module.push(module.ident.to_string());
            if module.content.is_none() {
                let module = self.module.clone();
                self.children.push(Child { module, test });
            }
            if !test {
                visit::visit_item(self, item);
            }
            self.module.pop();
        } else if !test {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if function.attrs.iter().any(is_test) {
            self.leave_out(function.span());
        } else {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.use_tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.name(segments(path), line(path.span()));
        visit::visit_path(self, path);
    }

    /// `pub(super)` names no room.
    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {}

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        visit::visit_macro(self, call);
        self.scan(call.tokens.clone(), false);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if attribute.path().is_ident("path") {
            self.detours.push(line(attribute.span()));
        }
        if !attribute.path().is_ident("doc") {
            match &attribute.meta {
                Meta::Path(_) => {}
                Meta::List(list) => self.scan(list.tokens.clone(), true),
                Meta::NameValue(pair) => visit::visit_expr(self, &pair.value),
            }
        }
    }

    fn visit_expr_await(&mut self, expression: &'ast syn::ExprAwait) {
        self.waits.push(line(expression.await_token.span()));
        visit::visit_expr_await(self, expression);
    }

    fn visit_expr_async(&mut self, expression: &'ast syn::ExprAsync) {
        self.waits.push(line(expression.async_token.span()));
        visit::visit_expr_async(self, expression);
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        if let Some(token) = &signature.asyncness {
            self.waits.push(line(token.span()));
        }
        visit::visit_signature(self, signature);
    }
}

fn line(span: Span) -> usize {
    span.start().line
}

fn segments(path: &syn::Path) -> Vec<String> {
    let segments = path.segments.iter();
    segments.map(|segment| segment.ident.to_string()).collect()
}

/// Whether this leaves its item to tests: `#[test]`, or a `#[cfg(…)]` that needs `test`.
fn is_test(attribute: &Attribute) -> bool {
    fn needs_test(meta: &Meta) -> bool {
        match meta {
            Meta::Path(path) => path.is_ident("test"),
            Meta::List(list) if list.path.is_ident("all") => list
                .parse_args_with(
                    syn::punctuated::Punctuated::<Meta, syn::Token![,]>::parse_terminated,
                )
                .is_ok_and(|all| all.iter().any(needs_test)),
            Meta::List(_) | Meta::NameValue(_) => false,
        }
    }
    match &attribute.meta {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("cfg") => list
            .parse_args::<Meta>()
            .is_ok_and(|meta| needs_test(&meta)),
        Meta::List(_) | Meta::NameValue(_) => false,
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Collects the lines on which a token stands. A doc comment is a token too, and is left out.
fn code_lines(tokens: TokenStream, lines: &mut BTreeSet<usize>) {
    let is_comment = |group: &proc_macro2::Group| {
        let text = group.span_open().source_text().unwrap_or_default();
        let first = group.stream().into_iter().next();
        let doc = matches!(first, Some(TokenTree::Ident(ident)) if ident == "doc");
        doc && !text.starts_with('[')
    };
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        index += 1;
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                let bang =
                    matches!(tokens.get(index), Some(TokenTree::Punct(p)) if p.as_char() == '!');
                match tokens.get(index + usize::from(bang)) {
                    Some(TokenTree::Group(group)) if is_comment(group) => {
                        index += 1 + usize::from(bang);
                    }
                    _ => {
                        lines.insert(line(punct.span()));
                    }
                }
            }
            TokenTree::Group(group) => {
                lines.insert(line(group.span_open()));
                code_lines(group.stream(), lines);
                lines.insert(group.span_close().end().line);
            }
            other => lines.extend(other.span().start().line..=other.span().end().line),
        }
    }
}
