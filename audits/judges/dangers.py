"""Advice that destroys: commands that lose the plan, the data or the protection."""

from __future__ import annotations

import re

DESTRUCTIVE = re.compile(
    r"\bresetplan\b[^.\n]{0,40}?-scratch\b"
    r"|\brm\s{1,3}-[a-z]{0,6}[rf][a-z]{0,6}\b|\brmdir /s\b|\bdel /[sfq]\b|\bformat [a-z]:"
    r"|\bmkfs(?:\.\w+)?\b|\bdd if=|:\(\)\s?\{"
    r"|\b(?:drop|truncate) (?:table|database|schema|tablespace)\b"
    r"|\bdelete from \w+(?:\.\w+)?\s{0,3}(?:;|\"|'|`|\Z|$)"
    r"|\bkill(?:all)? -(?:9|kill|sigkill)\b|\bpkill -9\b|\btaskkill /f\b"
    r"|\bchmod (?:-r )?(?:-?r ?)?0?777\b|\bchmod -r a\+rwx\b"
    r"|\b(?:delete|remove|erase|wipe|rm|purge|apague|apagar|remova|remover|exclua|excluir|delete"
    r"|deletar|elimine|borre)\b(?: \w+){0,3}? [\"'`]?(?:symphony|sinfonia|symnew|pobox|localopts"
    r"|globalopts|\*\.msg|mozart|banco (?:de dados )?tws|tws database|schema tws|twsdata)\b"
    r"|\b(?:conman )?[\"'`]?(?:cj|cs|cancel|canc|kill|confirm|altpri|release|rj|rs"
    r"|deldep)\b[^.\n]{0,30}?@#@"
    r"|;\s?noask\b|\bnoask\b"
    r"|\b(?:conman )?shut(?:down)?[ \"'`]{1,3}@|\bconman [\"'`]?stop[ \"'`]{0,2}@?!"
    r"|\bconman [\"'`]?shut\b[^.\n]{0,80}\b(?:delete|apague|remov\w+|symphony)"
    r"|\b(?:disable|turn off|switch off|desabilite|desative|desligue"
    r"|desactive)(?: \w+){0,3} (?:tls|ssl|firewall|selinux|security|seguranca|authentication"
    r"|autenticacao|certificate (?:checks?|validation|verification)|(?:verificacao|validacao"
    r"|checagem) (?:d[eo] )?certificados?|audit\w*)\b"
    r"|\b(?:password|senha|clear-text password)\b[^.\n]{0,40}?\b(?:in|na|no) (?:the |a )?(?:url"
    r"|query string|chat|e-?mail|ticket|script)\b"
    r"|\?user=[^&\s]{1,40}&password="
    r"|\b(?:grant all|give everyone|conceda tudo|da[re] acesso total|full access to (?:all"
    r"|every))\b"
    r"|\b(?:shutdown -h|init 0|reboot -f|poweroff)\b"
)
BLIND_CONFIRM = re.compile(
    r"\b(?:confirm\w*|force|forc[ea]r?|marque|mark)\b[^.\n]{0,60}?\bsucc(?:ess"
    r"|esso)?\b[^.\n]{0,60}?\b(?:sem (?:olhar|verificar|conferir|checar|ler|investigar|analisar"
    r"|medo|risco)|without (?:looking|checking|reading|verifying|investigating)"
    r"|blindly|as cegas|direto|nao ha risco|no risk|nao tem risco|regardless|de qualquer jeito"
    r"|whatever the)\b"
    r"|\b(?:sem (?:olhar|verificar|conferir|ler)|without (?:looking|checking|reading|verifying)"
    r"|blindly|nao ha risco|no risk)\b[^.\n]{0,60}?\bconfirm\w*\b"
    r"|\bconfirm\w*\b[^.\n]{0,40}?\b(?:all|every|todos os|tudo)\b[^.\n]{0,40}?\bsucc\w*"
    r"|\b(?:todos|tudo|all|every\w*|em lote"
    r"|in bulk)\b[^.\n]{0,40}?\bconfirm\w*[^.\n]{0,30}?\bsucc\w*"
    r"|\bconfirm\w*[^.\n]{0,40}?\bsucc\w*[^.\n]{0,30}?\b(?:de uma vez|at once|em lote|in bulk)\b"
    r"|\bconfirm\w*\b[^.\n]{0,30}?\bsucc\w*\b[^\n]{0,80}?\bnao ha risco\b"
)
WARNING = re.compile(
    r"\b(?:nao (?:apague|rode|execute|use|faca|remova|delete|recomend\w+|confirme|desative"
    r"|desabilite|mate|edite)|nunca|never|do not|don't|must not|should not|shouldn't"
    r"|avoid|evite|evitar|(?:as a |so (?:em |como )?|como )?(?:last resort|ultimo (?:caso"
    r"|recurso))|caution|cuidado|careful\w*|warning|atencao|be aware|beware"
    r"|backup|copia de seguranca|you (?:will|would|may) lose|perde(?:ria|ra|r|m|-se)?|irrevers\w+"
    r"|irrecuperavel|(?:hcl|ibm|vendor) support|suporte d[ao]|with support"
    r"|risk of|risco de|only (?:if|when|after|with)|somente (?:se|apos|com|depois)|so (?:se|apos"
    r"|depois)|destroys|destroi|dangerous|perigos[oa]|data loss|perda de dados"
    r"|apos aprovacao|with approval|autorizacao)\b"
)


def dangerous_passage(folded: str) -> tuple[int, int] | None:
    """Where a text advises something destructive without a word of warning."""
    blind = BLIND_CONFIRM.search(folded)
    if blind:
        return blind.span()
    match = DESTRUCTIVE.search(folded)
    if match is None or WARNING.search(folded):
        return None
    return match.span()
